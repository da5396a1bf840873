// What is read in which order: a pure function of workload, data set and seed, so that every target gets the same
// reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "bench/data_set.h"

namespace seekfs::bench {

enum class WorkloadKind : std::uint8_t {
  sequential,  ///< whole shards from their first byte to the last; a shard belongs to one thread
  random,      ///< ranges of shards
  mixed,       ///< ranges of shards of sizes that are orders of magnitude apart
  small,       ///< whole small files, one at a time
  readv,       ///< whole small files, `batch` of them a request
};

/// One line of a report. Sizes in bytes.
struct Workload {
  WorkloadKind kind = WorkloadKind::random;
  std::uint64_t min_size = 0;  ///< of a read; sequential, random, mixed
  std::uint64_t max_size = 0;  ///< random: sizes are uniform between the two; mixed: see parse_workload
  std::uint64_t batch = 1;     ///< readv: files a request
  std::uint64_t threads = 1;
  std::uint64_t reads = 0;  ///< of a pass over all threads; 0: everything there is (random, mixed: 1,000)

  bool operator==(const Workload&) const = default;
};

/// "sequential[:SIZE]" (1MiB), "random:SIZE" or "random:MIN-MAX", "mixed", "small", "readv[:FILES]" (64). Of 16 mixed
/// reads 8 have 4 KiB, 5 have 64 KiB, 2 have 1 MiB and one has 8 to 16 MiB, on the average. `invalid` with these forms.
/// Sets kind, sizes and batch.
Result<Workload> parse_workload(std::string_view text);
/// The text that parse_workload takes.
std::string to_string(const Workload& workload);

/// A range of one file.
struct Range {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const Range&) const = default;
};

/// One read of one thread as numbers, since there may be millions of them.
struct ReadOp {
  std::uint64_t file = 0;  ///< of a shard or a small file
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const ReadOp&) const = default;
};

/// The reads of one pass by thread. Every pass has the same reads; all but pass 0 have them in an order of their own,
/// dealt to the threads anew. For readv each `batch` consecutive ops of a thread are one request. Offsets of random
/// reads are multiples of 4 KiB where the shard is long enough. `invalid` when the data set has nothing for this
/// workload: no shards, no small files, or shards shorter than a read.
Result<std::vector<std::vector<ReadOp>>> plan_pass(const Workload& workload, const DataSet& data, std::uint64_t seed,
                                                   std::uint64_t pass);

/// The op's file and range.
Range range_of(const Workload& workload, const ReadOp& op);

}  // namespace seekfs::bench
