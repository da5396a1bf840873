// What a daemon's /metrics say of its reads from the store.
#pragma once

#include <string_view>

#include "bench/target.h"

namespace seekfs::bench {

/// GETs of data and bytes of their bodies: seekfs_origin_requests_total with op "get" and seekfs_origin_bytes_total,
/// both of the purposes demand, prefetch and hedge, whatever their outcome. `text` is in Prometheus' text format 0.0.4;
/// `corrupt` when a sample of these has no number.
Result<TargetCounters> data_counters(std::string_view text);

}  // namespace seekfs::bench
