// Chooses among the tiers of this build, and turns their refusals into advice.
#include "app/l2_factory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/l2_disks.h"
#include "base/units.h"
#include "env/process.h"
#include "l2/blobdb.h"
#include "segmentstore/segment_tier.h"

namespace seekfs::app {
namespace {

/// The configured directory that the message names; all of them when it names none.
std::string blamed_directory(const L2Config& config, const std::string& message) {
  std::string blamed;
  for (const std::string& path : config.segment_paths) {
    if (message.find(path) != std::string::npos && path.size() > blamed.size()) blamed = path;
  }
  return blamed.empty() ? fmt::format("{}", fmt::join(config.segment_paths, " ")) : blamed;
}

Result<BuiltL2> make_segment_tier(const L2Config& config, const L2Parts& parts) {
  segmentstore::TierOptions options;
  SEEKFS_ASSIGN(options.disks, l2_disks(config, parts.files));
  SEEKFS_ASSIGN(std::unique_ptr<segmentstore::SegmentTier> tier,
                segmentstore::SegmentTier::open({.files = parts.files,
                                                 .random = parts.random,
                                                 .timers = parts.timers,
                                                 .metrics = parts.metrics,
                                                 .log = parts.log},
                                                std::move(options)));
  l2::L2Admin* const admin = tier.get();
  return BuiltL2{.tier = std::move(tier), .admin = admin};
}

Result<BuiltL2> make_blobdb(const L2Config& config, const L2Parts& parts) {
  SEEKFS_ASSIGN(const std::vector<segmentstore::StoreOptions> disks, l2_disks(config, parts.files));
  SEEKFS_ASSIGN(std::unique_ptr<l2::BlobDb> tier,
                l2::open_blobdb({.files = parts.files, .log = parts.log},
                                {.path = disks.front().path, .capacity = disks.front().capacity}));
  l2::L2Admin* const admin = tier.get();
  parts.metrics.gauge_function("seekfs_l2_up", "1 while a directory of L2 is in use, 0 while its disk is switched off.",
                               {{"disk", disks.front().path}}, [admin] {
                                 const auto known = admin->disks();
                                 return !known.empty() && known.front().up ? 1.0 : 0.0;
                               });
  return BuiltL2{.tier = std::move(tier), .admin = admin};
}

}  // namespace

Error explain_l2_error(const L2Config& config, const Error& error) {
  const std::string directory = blamed_directory(config, error.message);
  constexpr std::string_view without = "or do without a cache on disk: cache.l2.backend = \"none\"";
  std::string advice;
  switch (error.code) {
    case ErrorCode::denied:
      advice = fmt::format(
          "; this process runs as user {}. Make the directory and give it to that user (mkdir -p {} && chown {} {}), "
          "name another one in cache.l2.segment_path, {}",
          env::user_name(), directory, env::user_name(), directory, without);
      break;
    case ErrorCode::conflict:
      advice = fmt::format("; stop that process, name another directory in cache.l2.segment_path, {}", without);
      break;
    default: advice = fmt::format("; change cache.l2.segment_path or cache.l2.capacity, {}", without); break;
  }
  Error explained = error.with_context(fmt::format("cache directory {}", directory));
  explained.message += advice;
  return explained;
}

Result<BuiltL2> make_l2(const L2Config& config, const L2Parts& parts) {
  switch (config.backend) {
    case L2Backend::none: return BuiltL2{.tier = l2::make_none()};
    case L2Backend::mem: return BuiltL2{.tier = l2::make_mem(config.capacity.value_or(1 * GiB))};
    case L2Backend::segmentstore:
    case L2Backend::blobdb: break;
  }
  auto built = config.backend == L2Backend::blobdb ? make_blobdb(config, parts) : make_segment_tier(config, parts);
  if (!built) return std::unexpected(explain_l2_error(config, built.error()));
  return built;
}

}  // namespace seekfs::app
