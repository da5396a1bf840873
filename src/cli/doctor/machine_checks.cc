// Modes and sizes as stat(2) and statfs(2) tell them.
#include "cli/doctor/machine_checks.h"

#include <fmt/format.h>

#include "app/l2_disks.h"
#include "async/sync_wait.h"
#include "base/units.h"
#include "cli/doctor/judge.h"
#include "cli/text_format.h"
#include "env/process.h"

namespace seekfs::cli {
namespace {

constexpr std::chrono::seconds patience(60);
constexpr std::uint64_t little_space = 1 * GiB;
/// Of the daemon itself: listeners, logs, segments, the index.
constexpr std::uint64_t own_descriptors = 512;

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// By owner and mode alone: groups, access lists and read-only file systems show when the daemon starts.
bool may_write(const env::FileInfo& info) {
  const std::uint32_t user = env::user_id();
  if (user == 0) return true;
  constexpr std::uint32_t by_owner = 0200;
  constexpr std::uint32_t by_others = 0022;
  return (info.mode & (info.owner == user ? by_owner : by_others)) != 0;
}

DirectorySeen look_at(std::string what, std::string key, const std::string& path, env::FileSystem& files) {
  DirectorySeen seen{.what = std::move(what), .key = std::move(key), .path = path, .existing = path};
  while (seen.existing != "/" && seen.existing != "." && !files.stat(seen.existing)) {
    seen.existing = parent_of(seen.existing);
  }
  if (const auto info = files.stat(seen.existing)) seen.writable = may_write(*info);
  if (const auto space = files.space(seen.existing)) seen.available = space->available;
  const auto entries = files.list(path);
  if (!entries) return seen;
  for (const env::DirectoryEntry& entry : *entries) {
    const auto info = files.lstat(path + "/" + entry.name);
    if (info && info->type == env::FileType::regular) seen.held += info->allocated;
  }
  return seen;
}

Status check_cache(const app::L2Config& l2, env::FileSystem& files, const FindingSink& sink) {
  if (l2.backend != app::L2Backend::segmentstore && l2.backend != app::L2Backend::blobdb) return {};
  const auto disks = app::l2_disks(l2, files);
  if (!disks) {
    return sink(Finding::warn("cache", printable(disks.error().message),
                              "change cache.l2.segment_path or cache.l2.capacity, or set cache.l2.backend = \"none\""));
  }
  for (const segmentstore::StoreOptions& disk : *disks) {
    DirectorySeen seen = look_at("cache", "cache.l2.segment_path", disk.path, files);
    seen.capacity = disk.capacity;
    SEEKFS_TRY(sink(judge_directory(seen)));
  }
  return {};
}

}  // namespace

Finding check_store_directory(const std::string& path, env::FileSystem& files, objectstore::ObjectStore& store,
                              const env::Clock& clock) {
  const auto space = files.space(path);
  const auto type = files.type_name(path);
  Status usable;
  if (!space) usable = std::unexpected(space.error());
  if (!type) usable = std::unexpected(type.error());
  if (usable) {
    const auto listed = async::sync_wait(
        store.list({.max_keys = 1}, {.purpose = objectstore::Purpose::demand, .deadline = clock.now() + patience}));
    if (!listed) usable = std::unexpected(listed.error());
  }
  if (!usable) {
    return Finding::fail("directory", printable(usable.error().message),
                         "mount the disk, give this user the right to read it, or correct store.path; `seekfs-ctl "
                         "publish` makes a new store");
  }
  const std::string seen = fmt::format("{} on {}: {} of {} free", printable(path), *type,
                                       format_size_approx(space->available), format_size_approx(space->total));
  if (space->available >= little_space) return Finding::ok("directory", seen);
  return Finding::warn("directory", seen, "free space there before publishing more");
}

Status check_machine(const app::Config& config, env::FileSystem& files, const FindingSink& sink) {
  SEEKFS_TRY(check_cache(config.cache.l2, files, sink));
  if (!config.manifest.cache_path.empty()) {
    SEEKFS_TRY(sink(judge_directory(look_at("manifests", "manifest.cache_path", config.manifest.cache_path, files))));
  }
  const std::uint64_t needed = config.api.max_connections + config.s3.max_inflight_gets + own_descriptors;
  return sink(judge_descriptors(env::process_usage().most_descriptors, needed));
}

}  // namespace seekfs::cli
