// What this program is: for --version, /version and seekfs_build_info.
#pragma once

#include <string>
#include <vector>

namespace seekfs::app {

std::string build_version();                     ///< "0.1.0"
std::string build_id();                          ///< build type and compiler, e.g. "release clang 19.1.7"
std::vector<std::string> build_feature_names();  ///< what can be chosen, e.g. "store:fs", "l2:none"

}  // namespace seekfs::app
