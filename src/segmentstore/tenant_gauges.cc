// Sums over directories, at each scrape.
#include "segmentstore/tenant_gauges.h"

#include <algorithm>
#include <string>

namespace seekfs::segmentstore {
namespace {

double bytes_of(const std::vector<std::shared_ptr<const StoreSlot>>& slots, TenantId tenant) {
  std::uint64_t sum = 0;
  for (const auto& slot : slots) {
    const std::shared_ptr<SegmentStore> store = slot->get();
    if (!store) continue;
    for (const TenantBytes& one : store->tenants()) {
      if (one.tenant == tenant) sum += one.bytes;
    }
  }
  return static_cast<double>(sum);
}

}  // namespace

bool TenantGauges::known(TenantId tenant) const noexcept {
  return std::ranges::any_of(tenants_,
                             [tenant](const auto& one) { return one.load(std::memory_order_relaxed) == tenant; });
}

void TenantGauges::note(std::string_view ns) {
  const TenantId tenant = tenant_of(ns);
  // The last one taken: all are.
  if (tenant == unknown_tenant || known(tenant) || tenants_.back() != unknown_tenant) return;
  MutexLock lock(mutex_);
  if (known(tenant)) return;
  const auto free = std::ranges::find_if(tenants_, [](const auto& one) { return one.load() == unknown_tenant; });
  if (free == tenants_.end()) return;
  free->store(tenant);
  metrics_.gauge_function("seekfs_l2_namespace_bytes",
                          "Bytes of pages in L2, of namespaces that it was asked for since the start.",
                          {{"ns", std::string(ns)}}, [slots = slots_, tenant] { return bytes_of(slots, tenant); });
}

}  // namespace seekfs::segmentstore
