// Limits that control groups put on this process; read from files, so that tests can lay them out in a directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "env/file.h"

namespace seekfs::env {

struct CgroupLimits {
  std::optional<std::uint64_t> memory_bytes;  ///< the smallest limit of the group and its ancestors
  std::optional<double> cpus;                 ///< quota divided by period, likewise
};

/// `membership` is the text of /proc/self/cgroup, `mount` where control groups are mounted, /sys/fs/cgroup. Understands
/// v2, v1 and both at once; what can't be read sets no limit. See cgroups(7).
CgroupLimits read_cgroup_limits(FileSystem& files, const std::string& membership, const std::string& mount);

}  // namespace seekfs::env
