// Rules between the paths of one manifest.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs::manifest {

/// Takes all paths of a manifest in ascending order of their bytes and refuses, as unsupported_manifest, one that is
/// there twice and one that is a directory of a later one. The paths must live as long as this.
class PathOrderCheck {
 public:
  Status next(std::string_view path);

 private:
  /// The paths so far that the last one begins with, itself included. All paths that begin with one follow it without
  /// a gap, so what left this list can't be the directory of a later path.
  std::vector<std::string_view> prefixes_;
};

}  // namespace seekfs::manifest
