// ObjectStores around an ObjectStore: a key prefix, metrics, faults for tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "objectstore/object_store.h"
#include "objectstore/origin_metrics.h"

namespace seekfs::objectstore {

/// Puts `prefix` before every key and takes it off every key that comes back. `inner` outlives it.
std::unique_ptr<ObjectStore> make_prefixed_store(ObjectStore& inner, std::string prefix);

/// Measures each operation as one request: for stores whose operations are that. Both outlive it.
std::unique_ptr<ObjectStore> make_instrumented_store(ObjectStore& inner, OriginMetrics& metrics);

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
