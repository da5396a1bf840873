// Whose pages a store holds: the namespace that a page belongs to, and bytes by namespace.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace seekfs::segmentstore {

/// A namespace in the headers of records. On disk: it never changes. 0: not known, as in records of older programs.
using TenantId = std::uint64_t;
inline constexpr TenantId unknown_tenant = 0;

/// `unknown_tenant` for an empty name, and for no other.
TenantId tenant_of(std::string_view ns) noexcept;

/// Bytes of records with their headers.
struct TenantBytes {
  TenantId tenant = unknown_tenant;
  std::uint64_t bytes = 0;
  bool operator==(const TenantBytes&) const = default;
};

/// More namespaces than this in one segment are counted as unknown.
inline constexpr std::size_t most_tenants = 64;

/// Adds to the tenant's entry, or makes one while there are fewer than `most_tenants`.
void add_bytes(std::vector<TenantBytes>& to, TenantBytes amount);

/// Any number of them, in no order.
class TenantSums {
 public:
  void add(const std::vector<TenantBytes>& tenants) {
    for (const TenantBytes& one : tenants) sums_[one.tenant] += one.bytes;
  }
  std::vector<TenantBytes> all() const;

 private:
  std::unordered_map<TenantId, std::uint64_t> sums_;
};

}  // namespace seekfs::segmentstore
