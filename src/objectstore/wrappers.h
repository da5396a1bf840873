// ObjectStores around an ObjectStore: a key prefix, metrics, faults for tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/metrics.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// Puts `prefix` before every key and takes it off every key that comes back. `inner` outlives it.
std::unique_ptr<ObjectStore> make_prefixed_store(ObjectStore& inner, std::string prefix);

/// Counts seekfs_origin_requests_total{op,outcome,purpose}, seekfs_origin_bytes_total{purpose},
/// seekfs_origin_request_duration_seconds{op}, seekfs_origin_inflight, and seekfs_origin_up (0 after a transient
/// failure, 1 after any answer). All arguments outlive it.
std::unique_ptr<ObjectStore> make_instrumented_store(ObjectStore& inner, MetricsRegistry& metrics, env::Clock& clock);

enum class StoreOp : std::uint8_t { head, get, put, list, remove, flush };
/// What a fault does to one operation.
struct StoreFault {
  std::optional<Error> fail_before;           ///< answer this without asking the store
  std::optional<std::uint64_t> cut_body_at;   ///< GET: `transient` after this many bytes
  std::optional<std::uint64_t> flip_byte_at;  ///< GET: this byte of the body is inverted
  std::function<void()> before;               ///< called first, e.g. to block
};
/// Asked before every operation, from any thread.
using StoreFaultPlan = std::function<StoreFault(StoreOp, const std::string& key)>;
std::unique_ptr<ObjectStore> make_faulty_store(ObjectStore& inner, StoreFaultPlan plan);

}  // namespace seekfs::objectstore
