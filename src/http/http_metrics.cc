// Looking metric handles up, once each.
#include "http/http_metrics.h"

#include <string>

namespace seekfs::http {

HttpMetrics::HttpMetrics(MetricsRegistry& registry)
    : registry_(registry),
      connections_(registry.gauge("seekfs_http_connections", "Open HTTP connections.")),
      in_flight_(registry.gauge("seekfs_http_requests_in_flight", "Requests whose reply is not finished.")),
      refused_(registry.counter("seekfs_http_connections_refused_total", "Connections refused for being too many.")),
      aborted_(registry.counter("seekfs_http_replies_aborted_total",
                                "Replies cut off short of their length because of an error found later.")) {
  for (std::size_t i = 0; i < route_count; ++i) {
    durations_[i] = &registry.histogram("seekfs_http_request_duration_seconds",
                                        "From a request's first byte to the last of its reply.",
                                        {{"route", std::string(to_string(static_cast<Route>(i)))}});
  }
}

Counter& HttpMetrics::requests(Route route, int status) {
  const std::size_t column = status > 0 && static_cast<std::size_t>(status) < status_count ? status : 0;
  std::atomic<Counter*>& cell = counters_[static_cast<std::size_t>(route)][column];
  if (Counter* const known = cell.load(std::memory_order_acquire)) return *known;
  // Two threads that come here at once get the same handle from the registry.
  Counter& counter = registry_.counter("seekfs_http_requests_total", "Requests by endpoint and status.",
                                       {{"route", std::string(to_string(route))}, {"code", std::to_string(column)}});
  cell.store(&counter, std::memory_order_release);
  return counter;
}

void HttpMetrics::record(Route route, int status, env::Duration duration) {
  requests(route, status).add();
  durations_[static_cast<std::size_t>(route)]->observe(duration);
}

}  // namespace seekfs::http
