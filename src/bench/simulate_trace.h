// What a simulation reads: closed loops of readers, made from a workload or recorded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "bench/workload.h"

namespace seekfs::bench {

/// Files have a size; what is read of them lies within.
struct Trace {
  struct Read {
    std::uint64_t file = 0;  ///< index of `file_sizes`
    std::uint64_t off = 0;
    std::uint64_t len = 0;  ///< > 0
    double not_before = 0;  ///< seconds from the start
  };
  std::vector<std::uint64_t> file_sizes;
  std::vector<std::vector<Read>> threads;  ///< each reads one after the other

  std::uint64_t reads() const;
};

/// The reads of pass 0 of a workload of `seekfs-bench run`. `invalid` as plan_pass, and for readv.
Result<Trace> make_trace(const Workload& workload, const DataSet& data, std::uint64_t seed);

/// A recorded trace: lines of "thread,time_ms,path,off,len"; a line that begins with '#' and the header are passed
/// over. Each thread reads in the order of its lines, a read not before its time. A file is as long as its reads say,
/// or as a line "#size,path,bytes" says. `invalid` with the number of the line that is wrong.
Result<Trace> parse_trace(std::string_view csv);

}  // namespace seekfs::bench
