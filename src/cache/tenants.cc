// Accounts by namespace.
#include "cache/tenants.h"

#include <algorithm>

namespace seekfs::cache {

TenantId Tenants::account_of(std::string_view ns) {
  const std::size_t in_use = in_use_.load(std::memory_order_relaxed);
  std::size_t unused = max_tenants;
  for (std::size_t id = 0; id < std::min<std::size_t>(in_use, shared_tenant); ++id) {
    if (names_[id] == ns) return static_cast<TenantId>(id);
    if (unused == max_tenants && accounts_[id].bytes.load(std::memory_order_relaxed) == 0) unused = id;
  }
  if (unused == max_tenants) unused = std::min<std::size_t>(in_use, shared_tenant);
  if (unused != shared_tenant) names_[unused] = ns;
  if (unused >= in_use) in_use_.store(unused + 1, std::memory_order_relaxed);
  return static_cast<TenantId>(unused);
}

TenantId Tenants::charge(std::string_view ns, std::uint64_t bytes) {
  MutexLock lock(mutex_);
  const TenantId tenant = account_of(ns);
  // Under the lock, so that an account which is about to hold something is not given away.
  accounts_[tenant].bytes.fetch_add(bytes, std::memory_order_relaxed);
  accounts_[tenant].turnovers_unused.store(0, std::memory_order_relaxed);
  touch(tenant);
  charged_ += bytes;
  if (charged_ > capacity_) turn_over();
  return tenant;
}

void Tenants::turn_over() noexcept {
  charged_ = 0;
  for (std::size_t id = 0; id < in_use_.load(std::memory_order_relaxed); ++id) {
    auto& unused = accounts_[id].turnovers_unused;
    const std::uint8_t turnovers = unused.load(std::memory_order_relaxed);
    const bool used = used_[id].exchange(false, std::memory_order_relaxed);
    unused.store(used ? 0 : std::min<std::uint8_t>(turnovers + 1, idle_turnovers), std::memory_order_relaxed);
  }
}

std::optional<TenantId> Tenants::next_to_give() const noexcept {
  std::optional<TenantId> giver;
  std::uint64_t most = 0;
  bool giver_is_idle = false;
  const std::size_t in_use = in_use_.load(std::memory_order_relaxed);
  for (std::size_t id = 0; id < in_use; ++id) {
    const std::uint64_t held = accounts_[id].bytes.load(std::memory_order_relaxed);
    if (held == 0) continue;
    const bool idle = accounts_[id].turnovers_unused.load(std::memory_order_relaxed) >= idle_turnovers &&
                      !used_[id].load(std::memory_order_relaxed);
    if (giver && giver_is_idle && !idle) continue;
    if (giver && giver_is_idle == idle && held <= most) continue;
    giver = static_cast<TenantId>(id);
    most = held;
    giver_is_idle = idle;
  }
  return giver;
}

std::uint64_t Tenants::bytes_of(std::string_view ns) const {
  MutexLock lock(mutex_);
  for (std::size_t id = 0; id < std::min<std::size_t>(in_use_.load(std::memory_order_relaxed), shared_tenant); ++id) {
    if (names_[id] == ns) return bytes(static_cast<TenantId>(id));
  }
  return 0;
}

}  // namespace seekfs::cache
