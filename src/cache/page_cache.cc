// L1: 64 shards under one capacity.
#include "cache/page_cache.h"

#include <array>
#include <atomic>
#include <utility>

#include "base/mutex.h"
#include "cache/memory_budget.h"
#include "cache/s3_fifo.h"

namespace seekfs::cache {
namespace {

constexpr std::size_t shard_count = 64;
/// How many pages one visit to a shard may look at: bounds how long its mutex is held.
constexpr int eviction_steps = 64;
/// After so many rounds over all shards every page has lost its standing, unless readers are faster than we: then the
/// next one goes whatever it is worth.
constexpr std::size_t polite_visits = 4 * shard_count;

using manifest::PageKey;

struct Outcomes {
  std::atomic<std::uint64_t> used{0};
  std::atomic<std::uint64_t> unused{0};
};

struct alignas(64) Shard {
  mutable Mutex mutex;
  S3Fifo pages SEEKFS_GUARDED_BY(mutex);
};

std::size_t shard_of(const PageKey& key) noexcept { return manifest::mix(key) >> 58U; }

std::uint64_t charge_of(const PageRef& page) noexcept {
  return MutablePage::charge(static_cast<std::uint32_t>(page.size()));
}

}  // namespace

struct PageCache::State {
  State(std::uint64_t capacity_bytes, MemoryBudget* memory_budget)
      : capacity(capacity_bytes), budget(memory_budget), tenants(capacity_bytes) {}

  Shard& shard(const PageKey& key) noexcept { return shards[shard_of(key)]; }

  /// A page that was evicted: of the namespace that gives next, or of any other when all that it has is still on its
  /// way into the shards. Looked for in shard `first` and then round the others; empty when there is none.
  PageRef evict_one(std::size_t first) {
    const auto giver = tenants.next_to_give();
    if (!giver) return {};
    if (PageRef victim = evict_from(*giver, first)) return victim;
    for (std::size_t tenant = 0; tenant < Tenants::max_tenants; ++tenant) {
      if (tenants.bytes(static_cast<TenantId>(tenant)) == 0) continue;
      if (PageRef victim = evict_from(static_cast<TenantId>(tenant), first)) return victim;
    }
    return {};
  }

  PageRef evict_from(TenantId tenant, std::size_t first) {
    const std::size_t start = next_shard();
    std::size_t at = first;
    std::size_t empty_in_a_row = 0;  // in the round from `start`, which alone is sure to see every shard
    for (std::size_t visit = 0; empty_in_a_row < shard_count; ++visit) {
      {
        Shard& shard = shards[at];
        MutexLock lock(shard.mutex);
        DepartedPage victim = shard.pages.evict(tenant, eviction_steps, visit >= polite_visits);
        if (victim.page) {
          release(charge_of(victim.page), victim.tenant);
          evicted.fetch_add(1, std::memory_order_relaxed);
          if (victim.unused) outcomes_of(*victim.unused).unused.fetch_add(1, std::memory_order_relaxed);
          return std::move(victim.page);
        }
        empty_in_a_row = !shard.pages.holds(tenant) && visit > 0 ? empty_in_a_row + 1 : 0;
      }
      at = (start + visit) % shard_count;
    }
    return {};
  }

  Outcomes& outcomes_of(PageCause cause) noexcept { return outcomes[static_cast<std::size_t>(cause)]; }

  void release(std::uint64_t charge, TenantId tenant) noexcept {
    bytes.fetch_sub(charge, std::memory_order_relaxed);
    tenants.release(tenant, charge);
  }

  std::size_t next_shard() noexcept { return cursor.fetch_add(1, std::memory_order_relaxed) % shard_count; }

  /// Takes `charge` from the capacity, evicting for it; false when others took all that was evicted.
  bool make_room(std::uint64_t charge, std::size_t first) {
    if (charge > capacity) return false;
    std::uint64_t held = bytes.load(std::memory_order_relaxed);
    while (true) {
      if (held <= capacity - charge) {
        if (bytes.compare_exchange_weak(held, held + charge, std::memory_order_relaxed)) return true;
        continue;
      }
      if (!evict_one(first)) return false;
      held = bytes.load(std::memory_order_relaxed);
    }
  }

  const std::uint64_t capacity;
  MemoryBudget* const budget;  // may be null
  Tenants tenants;             // of what `bytes` counts
  std::array<Shard, shard_count> shards;
  std::atomic<std::uint64_t> bytes{0};  // charges of what the shards hold, and of what is about to be inserted
  std::atomic<std::uint64_t> evicted{0};
  std::array<Outcomes, page_cause_count> outcomes;
  std::atomic<std::size_t> cursor{0};  // where the next eviction outside its own shard looks
};

PageCache::PageCache(std::uint64_t capacity_bytes) : state_(std::make_unique<State>(capacity_bytes, nullptr)) {}

PageCache::PageCache(std::uint64_t capacity_bytes, MemoryBudget& budget)
    : state_(std::make_unique<State>(capacity_bytes, &budget)) {
  budget.set_reclaimer([this](std::uint64_t bytes) { shrink(bytes); });
}

PageCache::~PageCache() {
  if (state_->budget != nullptr) state_->budget->set_reclaimer(nullptr);
}

PageRef PageCache::get(const PageKey& key) noexcept {
  bool first_use = false;
  return get(key, first_use);
}

PageRef PageCache::get(const PageKey& key, bool& first_use) noexcept {
  S3Fifo::Hit hit;
  {
    Shard& shard = state_->shard(key);
    MutexLock lock(shard.mutex);
    hit = shard.pages.get(key, fingerprint_of(key));
  }
  if (!hit.page) return {};
  state_->tenants.touch(hit.tenant);
  if (hit.first_use) {
    first_use = true;
    state_->outcomes_of(*hit.first_use).used.fetch_add(1, std::memory_order_relaxed);
  }
  return std::move(hit.page);
}

bool PageCache::contains(const PageKey& key) const noexcept {
  const Shard& shard = state_->shard(key);
  MutexLock lock(shard.mutex);
  return shard.pages.contains(key, fingerprint_of(key));
}

void PageCache::put(const PageKey& key, PageRef page, PageOrigin origin) {
  if (!page || contains(key)) return;
  const std::uint64_t charge = charge_of(page);
  const TenantId tenant = state_->tenants.charge(origin.ns, charge);
  if (!state_->make_room(charge, shard_of(key))) {
    state_->tenants.release(tenant, charge);
    return;
  }
  {
    Shard& shard = state_->shard(key);
    MutexLock lock(shard.mutex);
    if (shard.pages.contains(key, fingerprint_of(key))) {
      state_->release(charge, tenant);
    } else {
      shard.pages.insert(key, fingerprint_of(key), std::move(page), tenant, origin.cause);
    }
  }
  if (state_->budget != nullptr) state_->budget->reclaim_for_waiters();
}

void PageCache::remove(const PageKey& key) {
  DepartedPage removed;  // let go of after the lock: it may tell the memory budget, which has a lock of its own
  Shard& shard = state_->shard(key);
  MutexLock lock(shard.mutex);
  removed = shard.pages.remove(key, fingerprint_of(key));
  if (removed.page) state_->release(charge_of(removed.page), removed.tenant);
}

void PageCache::shrink(std::uint64_t bytes) {
  std::uint64_t freed = 0;
  while (freed < bytes) {
    const PageRef victim = state_->evict_one(state_->next_shard());
    if (!victim) return;
    if (victim.is_only_holder()) freed += charge_of(victim);
  }
}

std::uint64_t PageCache::capacity() const noexcept { return state_->capacity; }

PageCacheStats PageCache::stats() const {
  PageCacheStats stats;
  for (const Shard& shard : state_->shards) {
    MutexLock lock(shard.mutex);
    stats.pages += shard.pages.pages();
    stats.bytes += shard.pages.bytes();
  }
  stats.evicted = state_->evicted.load(std::memory_order_relaxed);
  return stats;
}

PrefetchOutcomes PageCache::prefetch_outcomes(PageCause cause) const noexcept {
  const Outcomes& outcomes = state_->outcomes_of(cause);
  return {.used = outcomes.used.load(std::memory_order_relaxed),
          .unused = outcomes.unused.load(std::memory_order_relaxed)};
}

std::uint64_t PageCache::bytes_of(std::string_view ns) const { return state_->tenants.bytes_of(ns); }

std::uint64_t PageCache::overhead_bytes() const {
  std::uint64_t bytes = sizeof(State);
  for (const Shard& shard : state_->shards) {
    MutexLock lock(shard.mutex);
    bytes += shard.pages.memory();
  }
  return bytes;
}

}  // namespace seekfs::cache
