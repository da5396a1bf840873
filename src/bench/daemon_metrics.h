// What /metrics of a daemon, or of the delaying proxy before a store, say of reads from the store.
#pragma once

#include <string_view>

#include "bench/target.h"

namespace seekfs::bench {

/// GETs of data and bytes of their bodies: seekfs_origin_requests_total with op "get" and seekfs_origin_bytes_total,
/// both of the purposes demand, prefetch and hedge, whatever their outcome. Of seekfs-bench delay-proxy: GETs of
/// objects and all bytes towards clients, headers included. Under way is seekfs_origin_inflight. `text` is in
/// Prometheus' text format 0.0.4; `corrupt` when a sample of these has no number.
Result<TargetCounters> data_counters(std::string_view text);

}  // namespace seekfs::bench
