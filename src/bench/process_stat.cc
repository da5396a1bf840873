// A process's CPU clock and /proc/PID/status.
#include "bench/process_stat.h"

#include <sys/types.h>

#include <algorithm>
#include <ctime>

#include <fmt/format.h>

#include "base/number.h"
#include "base/units.h"

namespace seekfs::bench {
namespace {

/// PID_MAX_LIMIT of Linux: a clock's id has no bits for more, and would name another process's.
constexpr std::uint64_t max_pid = 4'194'304;

Result<double> cpu_seconds(std::uint64_t pid) {
  clockid_t clock{};
  timespec time{};
  if (pid == 0 || pid > max_pid || ::clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0 ||
      ::clock_gettime(clock, &time) != 0) {
    return fail(ErrorCode::not_found, fmt::format("there is no process {}; --pid is the daemon's or the mount's", pid));
  }
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

Result<std::uint64_t> parse_peak_resident(std::string_view status) {
  constexpr std::string_view name = "\nVmHWM:";
  const std::size_t at = status.find(name);
  if (at == std::string_view::npos) return fail(ErrorCode::corrupt, "/proc/PID/status has no VmHWM");
  status.remove_prefix(at + name.size());
  status.remove_prefix(std::min(status.find_first_not_of(" \t"), status.size()));
  const std::size_t end = status.find(" kB\n");
  const auto kibibytes = parse_number(status.substr(0, end));
  if (end == std::string_view::npos || !kibibytes)
    return fail(ErrorCode::corrupt, "/proc/PID/status: VmHWM is no number");
  return *kibibytes * KiB;
}

Result<ProcessStat> process_stat(std::uint64_t pid, env::FileSystem& files) {
  ProcessStat stat;
  SEEKFS_ASSIGN(stat.cpu_seconds, cpu_seconds(pid));
  SEEKFS_ASSIGN(const std::string status, read_file(files, fmt::format("/proc/{}/status", pid), 64 * KiB));
  SEEKFS_ASSIGN(stat.peak_resident, parse_peak_resident(status));
  return stat;
}

}  // namespace seekfs::bench
