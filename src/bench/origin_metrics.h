// Counts of the store's requests by somebody else than the target: a daemon's or the delaying proxy's /metrics.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "bench/endpoint.h"
#include "bench/target.h"

namespace seekfs::bench {

struct MetricsUrl {
  std::string url;  ///< as it was given
  Endpoint endpoint;
  std::string path;
};

/// "http://HOST:PORT/PATH". `invalid` for anything else.
Result<MetricsUrl> parse_metrics_url(std::string_view text);

/// Asks on a connection of its own. What data_counters makes of the answer.
Result<TargetCounters> read_counters(const MetricsUrl& url);

}  // namespace seekfs::bench
