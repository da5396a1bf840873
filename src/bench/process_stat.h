// The CPU time that another process took, and the most memory that it had.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "env/file.h"

namespace seekfs::bench {

struct ProcessStat {
  double cpu_seconds = 0;           ///< user and system, of all its threads
  std::uint64_t peak_resident = 0;  ///< bytes, since it started (VmHWM of proc(5))
};

/// By the process's CPU clock (clock_getcpuclockid(3), to the nanosecond; /proc/PID/stat counts ticks of 10 ms) and
/// /proc/PID/status. not_found when there is no such process.
Result<ProcessStat> process_stat(std::uint64_t pid, env::FileSystem& files);

/// The peak in bytes from the text of /proc/PID/status; `corrupt` when it has none, as that of a kernel thread.
Result<std::uint64_t> parse_peak_resident(std::string_view status);

}  // namespace seekfs::bench
