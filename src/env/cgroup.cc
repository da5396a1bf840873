// Memory and processor limits of control groups, v1 and v2.
#include "env/cgroup.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <string_view>

#include "base/units.h"

namespace seekfs::env {
namespace {

/// v1 says "no limit" by a number close to 2^63; no machine has half of that.
constexpr std::uint64_t unlimited_v1 = std::uint64_t{1} << 62;

template <class T>
void lower(std::optional<T>& limit, T value) {
  limit = limit ? std::min(*limit, value) : value;
}

/// A whole number that fills `text` but for the end of the line; nothing for words such as "max" and "-1".
std::optional<std::uint64_t> parse_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> read_number(FileSystem& files, const std::string& path) {
  const Result<std::string> text = read_file(files, path, 4 * KiB);
  return text ? parse_number(*text) : std::nullopt;
}

void apply_v2(FileSystem& files, const std::string& directory, CgroupLimits& limits) {
  if (const auto bytes = read_number(files, directory + "/memory.max")) lower(limits.memory_bytes, *bytes);
  const Result<std::string> quota = read_file(files, directory + "/cpu.max", 4 * KiB);
  if (!quota) return;
  const std::string_view text = *quota;
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return;
  const auto allowed = parse_number(text.substr(0, space));
  const auto period = parse_number(text.substr(space + 1));
  if (allowed && period && *period > 0)
    lower(limits.cpus, static_cast<double>(*allowed) / static_cast<double>(*period));
}

void apply_v1_memory(FileSystem& files, const std::string& directory, CgroupLimits& limits) {
  const auto bytes = read_number(files, directory + "/memory.limit_in_bytes");
  if (bytes && *bytes < unlimited_v1) lower(limits.memory_bytes, *bytes);
}

void apply_v1_cpu(FileSystem& files, const std::string& directory, CgroupLimits& limits) {
  const auto allowed = read_number(files, directory + "/cpu.cfs_quota_us");
  const auto period = read_number(files, directory + "/cpu.cfs_period_us");
  if (allowed && period && *period > 0)
    lower(limits.cpus, static_cast<double>(*allowed) / static_cast<double>(*period));
}

/// Calls `apply` for the group and every ancestor up to the mount: each may set a limit, and the smallest counts.
/// Inside a container the path may not exist below the mount; the mount itself is then the group.
void for_each_ancestor(const std::string& mount, std::string group,
                       const std::function<void(const std::string&)>& apply) {
  while (!group.empty() && group != "/") {
    apply(mount + group);
    group.resize(std::min(group.rfind('/'), group.size()));
  }
  apply(mount);
}

bool names_controller(std::string_view list, std::string_view controller) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (list.substr(0, comma) == controller) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// One line "id:controllers:path".
void apply_line(FileSystem& files, std::string_view line, const std::string& mount, CgroupLimits& limits) {
  const std::size_t first = line.find(':');
  const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
  if (second == std::string_view::npos) return;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string group(line.substr(second + 1));
  if (controllers.empty()) {
    for (const std::string& base : {mount, mount + "/unified"}) {
      for_each_ancestor(base, group, [&](const std::string& directory) { apply_v2(files, directory, limits); });
    }
  }
  if (names_controller(controllers, "memory")) {
    for_each_ancestor(mount + "/memory", group, [&](const std::string& at) { apply_v1_memory(files, at, limits); });
  }
  if (names_controller(controllers, "cpu")) {
    for (const std::string& base : {mount + "/cpu", mount + "/" + std::string(controllers)}) {
      for_each_ancestor(base, group, [&](const std::string& at) { apply_v1_cpu(files, at, limits); });
    }
  }
}

}  // namespace

CgroupLimits read_cgroup_limits(FileSystem& files, const std::string& membership, const std::string& mount) {
  CgroupLimits limits;
  std::string_view rest = membership;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    apply_line(files, rest.substr(0, end), mount, limits);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return limits;
}

}  // namespace seekfs::env
