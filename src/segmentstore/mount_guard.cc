// Device numbers of a path and of what is above it.
#include "segmentstore/mount_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace seekfs::segmentstore {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return path == "." ? "/" : ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void MountGuard::remember(env::FileSystem& files) {
  parents_.clear();
  device_.reset();
  for (std::string path = directory_;; path = parent_of(path)) {
    const auto info = files.stat(path);
    if (!info) break;
    if (!device_) {
      device_ = info->device;
    } else if (info->device != *device_) {
      parents_.push_back(info->device);
    }
    if (path == "/") break;
  }
}

Status MountGuard::check(env::FileSystem& files) const {
  if (!device_) return {};
  for (std::string path = directory_;; path = parent_of(path)) {
    const auto info = files.stat(path);
    if (!info && info.error().code != ErrorCode::not_found) return std::unexpected(info.error());
    if (!info && path != "/") continue;
    if (info && std::ranges::find(parents_, info->device) != parents_.end()) {
      return fail(ErrorCode::transient,
                  fmt::format("{} is not on the disk where it was: mount that disk again", directory_));
    }
    return {};
  }
}

}  // namespace seekfs::segmentstore
