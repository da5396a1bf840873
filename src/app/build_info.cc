// Facts that the compiler knows.
#include "app/build_info.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

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
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kinds = {
      {{"store.type", "store"}, {"s3.engine", "s3"}, {"cache.l2.backend", "l2"}, {"cache.l2.index", "l2-index"}}};
  std::vector<std::string> names = {"store:fs", "store:mem", "l2:mem", "l2:none", "l2-index:native"};
  for (const Feature& part : this_build().parts) {
    const auto* const kind = std::ranges::find(kinds, part.key, &std::pair<std::string_view, std::string_view>::first);
    if (part.present) names.push_back(fmt::format("{}:{}", kind == kinds.end() ? part.key : kind->second, part.choice));
  }
  return names;
}

}  // namespace seekfs::app
