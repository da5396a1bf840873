// Tells a directory whose disk is not mounted any more from the disk itself, so that nothing is written in its place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/file.h"

namespace seekfs::segmentstore {

/// Remembers on which file system a directory was. One thread.
class MountGuard {
 public:
  explicit MountGuard(std::string directory) : directory_(std::move(directory)) {}

  /// The directory is there and in use: this is what it looks like.
  void remember(env::FileSystem& files);
  /// `transient` when the directory, or the place where it would be made again, is on a file system that held one of
  /// its parents before, but not itself: the disk that was mounted there is gone. A disk in its place is none of that.
  Status check(env::FileSystem& files) const;

 private:
  std::string directory_;
  std::optional<std::uint64_t> device_;
  std::vector<std::uint64_t> parents_;  ///< file systems above it
};

}  // namespace seekfs::segmentstore
