// Which namespace holds how much of L1, and which one gives when room is needed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace seekfs::cache {

/// The number of a namespace in L1, as its pages carry it.
using TenantId = std::uint8_t;

/// Max-min sharing: who holds most gives first, so that no namespace loses a page to another one that holds more, and
/// what one does not need is the others'. A namespace that nobody has read while L1 was filled anew several times over
/// gives before all others. Thread-safe; touch() writes nothing as a rule.
class Tenants {
 public:
  /// Namespaces beyond these share the account of the last id. An account that holds nothing is given to the next one.
  static constexpr std::size_t max_tenants = 64;  // a page has six bits for its own
  static constexpr TenantId shared_tenant = max_tenants - 1;
  /// A namespace is idle when pages of so many times the capacity have come in since it was last read.
  static constexpr std::uint8_t idle_turnovers = 8;

  explicit Tenants(std::uint64_t capacity_bytes) : capacity_(capacity_bytes) {}

  /// Adds to the account of `ns`, which counts as a use of it; its number until these bytes are released.
  TenantId charge(std::string_view ns, std::uint64_t bytes);
  void release(TenantId tenant, std::uint64_t bytes) noexcept {
    accounts_[tenant].bytes.fetch_sub(bytes, std::memory_order_relaxed);
  }
  /// A page of it was hit.
  void touch(TenantId tenant) noexcept {
    if (!used_[tenant].load(std::memory_order_relaxed)) used_[tenant].store(true, std::memory_order_relaxed);
  }

  /// Who gives next; nothing when nobody holds anything.
  std::optional<TenantId> next_to_give() const noexcept;
  std::uint64_t bytes(TenantId tenant) const noexcept {
    return accounts_[tenant].bytes.load(std::memory_order_relaxed);
  }
  /// What a namespace holds that has an account of its own; 0 for others.
  std::uint64_t bytes_of(std::string_view ns) const;

 private:
  struct Account {
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint8_t> turnovers_unused{0};
  };
  TenantId account_of(std::string_view ns) SEEKFS_REQUIRES(mutex_);
  void turn_over() noexcept SEEKFS_REQUIRES(mutex_);

  const std::uint64_t capacity_;
  std::array<Account, max_tenants> accounts_;
  /// Since the last turnover. Read by every hit, hence on a line of its own that is seldom written.
  alignas(64) std::array<std::atomic<bool>, max_tenants> used_{};

  alignas(64) mutable Mutex mutex_;
  std::array<std::string, max_tenants> names_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t charged_ SEEKFS_GUARDED_BY(mutex_) = 0;  ///< since the last turnover
  std::atomic<std::size_t> in_use_{0};                   ///< ids below this were given out at least once
};

}  // namespace seekfs::cache
