// Facts about this process, from the kernel and /proc (proc(5)).
#include "env/process.h"

#include <pwd.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string_view>

#include "base/units.h"
#include "env/cgroup.h"
#include "env/file.h"

namespace seekfs::env {
namespace {

constexpr std::uint64_t proc_file_limit = 1 * MiB;

CgroupLimits own_limits() {
  FileSystem& files = posix_file_system();
  const Result<std::string> membership = read_file(files, "/proc/self/cgroup", proc_file_limit);
  return membership ? read_cgroup_limits(files, *membership, "/sys/fs/cgroup") : CgroupLimits{};
}

unsigned affinity_count() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
  // The mask has more processors than cpu_set_t holds.
  return static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

/// When the machine started, in seconds since the Unix epoch: the line "btime" of /proc/stat.
double boot_time() {
  const Result<std::string> text = read_file(posix_file_system(), "/proc/stat", proc_file_limit);
  const std::size_t at = text ? text->find("\nbtime ") : std::string::npos;
  return at == std::string::npos ? 0 : std::strtod(text->c_str() + at + 7, nullptr);
}

/// Fields 3 onwards of /proc/self/stat; the second, a name in parentheses, may hold anything.
std::vector<double> stat_fields() {
  std::vector<double> fields;
  const Result<std::string> text = read_file(posix_file_system(), "/proc/self/stat", proc_file_limit);
  const std::size_t name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos) return fields;
  std::istringstream words(text->substr(name_end + 1));
  for (std::string word; words >> word;) fields.push_back(std::strtod(word.c_str(), nullptr));
  return fields;
}

}  // namespace

unsigned cpu_count() {
  unsigned count = std::max(1U, affinity_count());
  if (const std::optional<double> quota = own_limits().cpus) {
    count = std::min(count, static_cast<unsigned>(std::max(1.0, std::ceil(*quota))));
  }
  return count;
}

std::uint64_t memory_limit() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const std::uint64_t physical = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min(physical, own_limits().memory_bytes.value_or(physical));
}

int process_id() { return ::getpid(); }

std::uint32_t user_id() { return ::geteuid(); }

std::string user_name() {
  std::array<char, 16 * KiB> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  const uid_t user = ::geteuid();
  if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::to_string(user);
  }
  return found->pw_name;
}

std::string home_directory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  std::array<char, 16 * KiB> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return found->pw_dir == nullptr ? "" : found->pw_dir;
}

std::vector<std::pair<std::string, std::string>> environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** variable = ::environ; variable != nullptr && *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

ProcessUsage process_usage() {
  ProcessUsage usage;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    usage.cpu_seconds = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                        static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
  }
  // Numbers of proc(5) minus 3: 22 starttime in ticks since boot, 23 vsize in bytes, 24 rss in pages.
  if (const std::vector<double> fields = stat_fields(); fields.size() > 21) {
    usage.start_time_seconds = boot_time() + fields[19] / static_cast<double>(::sysconf(_SC_CLK_TCK));
    usage.virtual_bytes = static_cast<std::uint64_t>(fields[20]);
    usage.resident_bytes = static_cast<std::uint64_t>(fields[21]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  if (const auto open = posix_file_system().list("/proc/self/fd"); open && !open->empty()) {
    usage.open_descriptors = open->size() - 1;  // the one that listed them
  }
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    usage.max_descriptors = descriptors.rlim_cur;
    usage.most_descriptors = descriptors.rlim_max;
  }
  return usage;
}

}  // namespace seekfs::env
