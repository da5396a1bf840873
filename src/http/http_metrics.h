// The server's own metrics, with handles that cost no look-up per request.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "base/metrics.h"
#include "env/clock.h"
#include "http/route.h"

namespace seekfs::http {

/// Thread-safe.
class HttpMetrics {
 public:
  /// `registry` outlives this object.
  explicit HttpMetrics(MetricsRegistry& registry);

  /// seekfs_http_requests_total{route,code} and seekfs_http_request_duration_seconds{route}. Only the first reply of
  /// each route and status allocates.
  void record(Route route, int status, env::Duration duration);

  Gauge& connections() noexcept { return connections_; }
  Gauge& requests_in_flight() noexcept { return in_flight_; }
  Counter& refused_connections() noexcept { return refused_; }
  Counter& aborted_replies() noexcept { return aborted_; }

 private:
  static constexpr std::size_t status_count = 600;
  Counter& requests(Route route, int status);

  MetricsRegistry& registry_;
  Gauge& connections_;
  Gauge& in_flight_;
  Counter& refused_;
  Counter& aborted_;
  std::array<Histogram*, route_count> durations_{};
  std::array<std::array<std::atomic<Counter*>, status_count>, route_count> counters_{};
};

}  // namespace seekfs::http
