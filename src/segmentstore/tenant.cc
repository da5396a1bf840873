// The hash of a namespace's name, and sums.
#include "segmentstore/tenant.h"

#include <algorithm>

namespace seekfs::segmentstore {

/// FNV-1a, 64 bits (Fowler, Noll, Vo; public domain).
TenantId tenant_of(std::string_view ns) noexcept {
  if (ns.empty()) return unknown_tenant;
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char letter : ns) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 0x100000001B3U;
  }
  return hash == unknown_tenant ? 1 : hash;
}

void add_bytes(std::vector<TenantBytes>& to, TenantBytes amount) {
  const auto found = std::ranges::find(to, amount.tenant, &TenantBytes::tenant);
  if (found != to.end()) {
    found->bytes += amount.bytes;
  } else if (to.size() < most_tenants) {
    to.push_back(amount);
  }
}

std::vector<TenantBytes> TenantSums::all() const {
  std::vector<TenantBytes> all;
  all.reserve(sums_.size());
  for (const auto& [tenant, bytes] : sums_) all.push_back({tenant, bytes});
  return all;
}

}  // namespace seekfs::segmentstore
