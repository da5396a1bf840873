// Facts that the compiler knows.
#include "app/build_info.h"

#include <fmt/format.h>

#include "app/config/features.h"

namespace seekfs::app {
namespace {

constexpr const char* build_type() {
#ifdef SEEKFS_SANITIZED
  return "sanitized";
#elif defined(NDEBUG)
  return "release";
#else
  return "debug";
#endif
}

}  // namespace

std::string build_version() { return SEEKFS_VERSION; }

std::string build_id() {
  return fmt::format("{} clang {}.{}.{}", build_type(), __clang_major__, __clang_minor__, __clang_patchlevel__);
}

std::vector<std::string> build_feature_names() {
  std::vector<std::string> names = {"store:fs", "store:mem", "l2:mem", "l2:none"};
  for (const Feature& part : this_build().parts) {
    if (part.present) names.push_back(fmt::format("{}:{}", part.key, part.choice));
  }
  return names;
}

}  // namespace seekfs::app
