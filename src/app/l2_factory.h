// The L2 that the configuration names, built once and owned in one place.
#pragma once

#include <memory>

#include "app/config/config.h"
#include "async/timers.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "env/file.h"
#include "env/random.h"
#include "l2/l2.h"
#include "l2/l2_admin.h"

namespace seekfs::app {

/// What tiers are built from; all outlive the tier.
struct L2Parts {
  env::FileSystem& files;
  env::Random& random;
  async::Timers& timers;
  MetricsRegistry& metrics;  ///< no scrape once the tier is gone
  Logger& log;
};

struct BuiltL2 {
  std::unique_ptr<l2::L2> tier;
  l2::L2Admin* admin = nullptr;  ///< part of `tier`; null unless it lives on disk
};

/// Errors say which directory it is about and what mends it: `denied` (it can't be made or written), `conflict`
/// (another process has it), `invalid` (a network file system, too small), and what else the system says.
Result<BuiltL2> make_l2(const L2Config& config, const L2Parts& parts);

/// An error of a directory of cache.l2.segment_path, with what mends it.
Error explain_l2_error(const L2Config& config, const Error& error);

}  // namespace seekfs::app
