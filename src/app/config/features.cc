// The list of parts that have a name in the configuration but are not in every build.
#include "app/config/features.h"

#include <fmt/format.h>

namespace seekfs::app {

bool BuildFeatures::has(std::string_view key, std::string_view choice) const {
  for (const Feature& part : parts) {
    if (part.key == key && part.choice == choice) return part.present;
  }
  return true;
}

Status BuildFeatures::require(std::string_view key, std::string_view choice) const {
  if (has(key, choice)) return {};
  for (const Feature& part : parts) {
    if (part.key != key || part.choice != choice) continue;
    if (part.build_option.empty()) return fail(ErrorCode::invalid, fmt::format("this version has no {}", choice));
    return fail(ErrorCode::invalid,
                fmt::format("this build has no {}; the build option {} adds it", choice, part.build_option));
  }
  return {};
}

BuildFeatures this_build() {
  return {{{"store.type", "s3", "", true},
           {"s3.engine", "native", "", true},
           {"s3.engine", "sdk", "", false},
           {"s3.engine", "crt", "", false},
           {"cache.l2.backend", "segmentstore", "", true},
           {"cache.l2.backend", "blobdb", "", true},
           {"cache.l2.index", "rocksdb", "", true}}};
}

BuildFeatures full_build() {
  BuildFeatures features = this_build();
  for (Feature& part : features.parts) part.present = true;
  return features;
}

}  // namespace seekfs::app
