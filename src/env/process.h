// Facts about this process and machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace seekfs::env {

unsigned cpu_count();  ///< by affinity mask and cgroup quota, at least 1
/// The smaller of physical memory and the cgroup's limit (v1 and v2), in bytes.
std::uint64_t memory_limit();
int process_id();
std::uint32_t user_id();       ///< the effective one
std::string user_name();       ///< of the effective user; its number when it has no name
std::string home_directory();  ///< $HOME, else the password entry's; may be empty
/// Variables of the environment as NAME=VALUE pairs.
std::vector<std::pair<std::string, std::string>> environment();

struct ProcessUsage {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t max_descriptors = 0;
  std::uint64_t most_descriptors = 0;  ///< what the process may raise max_descriptors to
  double start_time_seconds = 0;       ///< since the Unix epoch
};
ProcessUsage process_usage();

}  // namespace seekfs::env
