// Space of file systems, shared out.
#include "app/l2_disks.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/units.h"
#include "segmentstore/store_directory.h"

namespace seekfs::app {
namespace {

constexpr std::uint64_t auto_percent = 80;

/// Where a directory lies, or will lie once it is made.
struct Place {
  std::string nearest;  ///< the directory, or the nearest one above it that exists
  std::uint64_t device = 0;
  env::FileSystem::Space space;
  std::uint64_t held = 0;  ///< bytes that the directory takes already
};

Result<Place> find_place(env::FileSystem& files, const std::string& directory) {
  std::filesystem::path at = directory;
  while (true) {
    const std::string name = at.empty() ? "." : at.string();
    const auto info = files.stat(name);
    if (info) {
      Place place{.nearest = name, .device = info->device};
      SEEKFS_ASSIGN(place.space, files.space(name));
      SEEKFS_ASSIGN(const std::string type, files.type_name(name));
      if (env::is_network_file_system(type)) {
        return fail(ErrorCode::invalid,
                    fmt::format("{} is on a network file system ({}): a cache needs a local disk", directory, type));
      }
      if (name == directory) {
        SEEKFS_ASSIGN(place.held, segmentstore::tree_bytes(files, directory));
      }
      return place;
    }
    if (info.error().code != ErrorCode::not_found || at.empty() || at == at.parent_path()) {
      return std::unexpected(info.error());
    }
    at = at.parent_path();
  }
}

/// "10%" of the file system, or a size; the configuration has been checked.
std::uint64_t min_free_bytes(const std::string& text, std::uint64_t total) {
  if (text.ends_with('%')) {
    std::uint64_t percent = 0;
    std::from_chars(text.data(), text.data() + text.size() - 1, percent);
    return total * percent / 100;
  }
  return parse_size(text).value_or(0);
}

/// What the directories of one file system have together.
struct Volume {
  std::uint64_t held = 0;
  std::uint64_t directories = 0;
};

Result<std::uint64_t> share_of(const Place& place, const Volume& volume) {
  const std::uint64_t share = (place.space.available + volume.held) * auto_percent / 100 / volume.directories;
  if (share >= segmentstore::SegmentStore::min_capacity) return share;
  return fail(ErrorCode::invalid,
              fmt::format("the file system of {} has {} free: too little for a cache; make room, or name another "
                          "directory in cache.l2.segment_path",
                          place.nearest, format_size_approx(place.space.available)));
}

}  // namespace

Result<std::vector<segmentstore::StoreOptions>> l2_disks(const L2Config& config, env::FileSystem& files) {
  std::vector<Place> places;
  std::map<std::uint64_t, Volume> volumes;
  for (const std::string& path : config.segment_paths) {
    SEEKFS_ASSIGN(Place place, find_place(files, path));
    Volume& volume = volumes[place.device];
    volume.held += place.held;
    ++volume.directories;
    places.push_back(std::move(place));
  }
  std::vector<segmentstore::StoreOptions> disks;
  for (std::size_t i = 0; i < places.size(); ++i) {
    segmentstore::StoreOptions disk{.path = config.segment_paths[i], .segment_size = config.segment_size};
    if (config.capacity) {
      disk.capacity = *config.capacity;
    } else {
      SEEKFS_ASSIGN(disk.capacity, share_of(places[i], volumes[places[i].device]));
    }
    disk.min_free_bytes = min_free_bytes(config.min_free, places[i].space.total);
    disk.index = config.index == L2Index::rocksdb ? segmentstore::IndexKind::rocksdb : segmentstore::IndexKind::native;
    disks.push_back(std::move(disk));
  }
  return disks;
}

}  // namespace seekfs::app
