// seekfs_l2_namespace_bytes: a gauge for each namespace that L2 was asked for, up to a bound.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "segmentstore/store_slot.h"
#include "segmentstore/tenant.h"

namespace seekfs::segmentstore {

/// Names come from manifests that were loaded, so from namespaces that exist. Thread-safe; what note() does for a
/// namespace that is known takes no lock.
class TenantGauges {
 public:
  /// `metrics` outlives this.
  TenantGauges(MetricsRegistry& metrics, std::vector<std::shared_ptr<const StoreSlot>> slots)
      : metrics_(metrics), slots_(std::move(slots)) {}

  /// Gives the namespace a gauge, unless `most_tenants` others have one.
  void note(std::string_view ns);

 private:
  bool known(TenantId tenant) const noexcept;

  MetricsRegistry& metrics_;
  const std::vector<std::shared_ptr<const StoreSlot>> slots_;
  std::array<std::atomic<TenantId>, most_tenants> tenants_{};  ///< filled from the front
  Mutex mutex_;                                                ///< held by who adds one
};

}  // namespace seekfs::segmentstore
