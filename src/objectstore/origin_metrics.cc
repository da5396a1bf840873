// Handles of the origin's metrics, looked up on first use.
#include "objectstore/origin_metrics.h"

#include <string>

namespace seekfs::objectstore {
namespace {

constexpr std::array<std::string_view, origin_op_count> op_names = {"get", "head", "put", "list", "delete"};

}  // namespace

OriginMetrics::OriginMetrics(MetricsRegistry& metrics, const env::Clock& clock)
    : metrics_(metrics),
      clock_(clock),
      inflight_(metrics.gauge("seekfs_origin_inflight", "Requests that the origin has not answered yet.")),
      up_(metrics.gauge("seekfs_origin_up", "1 after any answer of the origin, 0 after a transient failure.")) {
  for (std::size_t i = 0; i < op_names.size(); ++i) {
    durations_[i] = &metrics.histogram("seekfs_origin_request_duration_seconds", "Duration of requests to the origin.",
                                       {{"op", std::string(op_names[i])}});
  }
  for (std::size_t i = 0; i < purpose_count; ++i) {
    bytes_[i] = &metrics.counter("seekfs_origin_bytes_total", "Bytes of bodies read from and written to the origin.",
                                 {{"purpose", std::string(to_string(static_cast<Purpose>(i)))}});
  }
  up_.set(1);
}

OriginMetrics::Request::Request(OriginMetrics& metrics, OriginOp op, Purpose purpose)
    : metrics_(metrics), op_(op), purpose_(purpose), started_(metrics.clock_.now()) {
  metrics_.inflight_.add(1);
}

void OriginMetrics::Request::end(std::optional<ErrorCode> error) {
  metrics_.durations_[static_cast<std::size_t>(op_)]->observe(metrics_.clock_.now() - started_);
  metrics_.requests(op_, purpose_, error).add();
  metrics_.note(error);
}

/// Registered on first use: only outcomes that have occurred become series, and later ones need no look-up.
Counter& OriginMetrics::requests(OriginOp op, Purpose purpose, std::optional<ErrorCode> error) {
  const std::size_t outcome = error ? static_cast<std::size_t>(*error) + 1 : 0;
  std::atomic<Counter*>& handle = requests_[static_cast<std::size_t>(op)][static_cast<std::size_t>(purpose)][outcome];
  if (Counter* known = handle.load(std::memory_order_acquire)) return *known;
  Counter& counter = metrics_.counter("seekfs_origin_requests_total", "Requests to the origin.",
                                      {{"op", std::string(op_names[static_cast<std::size_t>(op)])},
                                       {"outcome", error ? std::string(to_string(*error)) : "ok"},
                                       {"purpose", std::string(to_string(purpose))}});
  handle.store(&counter, std::memory_order_release);  // the registry gives every thread the same one
  return counter;
}

void OriginMetrics::note(std::optional<ErrorCode> error) {
  if (!error) return up_.set(1);
  switch (*error) {
    case ErrorCode::transient: up_.set(0); break;
    // Nothing was heard of the origin: given up, not sent, or refused on this side.
    case ErrorCode::timeout:
    case ErrorCode::cancelled:
    case ErrorCode::exhausted:
    case ErrorCode::invalid:
    case ErrorCode::internal: break;
    default: up_.set(1);
  }
}

}  // namespace seekfs::objectstore
