// Which engines and backends this build has, and which build option adds the others.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs::app {

/// A value of a key that stands for a part of the program which a build may lack.
struct Feature {
  std::string_view key;           ///< "cache.l2.backend"
  std::string_view choice;        ///< "blobdb"
  std::string_view build_option;  ///< the CMake option that adds it; empty: none does in this version
  bool present = false;
};

/// What can be chosen. A value; tests make their own.
struct BuildFeatures {
  std::vector<Feature> parts;

  /// False for a choice that this build lacks; choices that no entry names are always there.
  bool has(std::string_view key, std::string_view choice) const;
  /// `invalid` when this build lacks the part, saying which build option adds it, if one does.
  Status require(std::string_view key, std::string_view choice) const;
};

/// What this program was built with.
BuildFeatures this_build();
/// Everything that there is a name for.
BuildFeatures full_build();

}  // namespace seekfs::app
