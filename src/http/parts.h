// What the server is built from, and what all its connections share.
#pragma once

#include <atomic>
#include <cstdint>

#include "async/timers.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cache/memory_budget.h"
#include "env/clock.h"
#include "env/random.h"
#include "http/http_metrics.h"
#include "http/options.h"
#include "objectstore/object_store.h"
#include "reader/cache_control.h"
#include "reader/hints.h"
#include "reader/read_service.h"

namespace seekfs::http {

/// Everything outlives the server.
struct Parts {
  reader::ReadService& reader;
  objectstore::ObjectStore* dev_store;  ///< what /test_head and /test_stream ask; null: these do not exist
  MetricsRegistry& metrics;
  cache::MemoryBudget& memory;
  async::Timers& timers;
  env::Clock& clock;
  Logger& logger;
  env::Random& random;
  reader::CacheControl* cache = nullptr;  ///< what /cache and below it ask; null: these are bad requests
  reader::Hints* hints = nullptr;         ///< what /hints and below it ask; null: likewise
};

enum class ServingState : std::uint8_t { starting, ready, draining };

/// One a server; immutable but for its atomics and metrics, so that every reactor may use it.
struct Shared {
  Shared(const Parts& server_parts, ServerOptions server_options)
      : parts(server_parts), options(std::move(server_options)), metrics(server_parts.metrics) {}

  Parts parts;
  ServerOptions options;
  HttpMetrics metrics;
  std::atomic<ServingState> state{ServingState::starting};

  bool draining() const noexcept { return state.load(std::memory_order_relaxed) == ServingState::draining; }
  env::TimePoint wait_deadline() const { return parts.clock.now() + options.wait; }
};

}  // namespace seekfs::http
