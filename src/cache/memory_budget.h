// The one budget of RAM for everything whose size follows from data: cached pages, pages in flight, reply buffers,
// loaded manifests. A reservation comes before the allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "async/task.h"
#include "async/timers.h"
#include "base/page.h"

namespace seekfs::cache {

enum class MemoryUse : std::uint8_t { pages, replies, manifests };
inline constexpr std::size_t memory_use_count = 3;
std::string_view to_string(MemoryUse use) noexcept;

/// Thread-safe. Deadlock rule (docs/ARCHITECTURE.md "Memory"): only one who holds no reservation may wait for one; who
/// holds pages sends them first; read-ahead only tries.
///
/// Those who wait are served first come, first served, and as long as one waits, try_reserve is refused: otherwise a
/// stream of small reservations would keep a large waiter out for ever. Who tries can do without; who waits cannot.
class MemoryBudget {
 public:
  /// `timers` outlives the budget; the budget outlives all reservations, pages and tasks of reserve().
  MemoryBudget(std::uint64_t total_bytes, async::Timers& timers);
  ~MemoryBudget();

  /// False when somebody waits, or when it does not fit even after the reclaimer was asked.
  bool try_reserve(MemoryUse use, std::uint64_t bytes);
  /// Waits its turn until it fits: exhausted when `bytes` is more than the total, timeout at the deadline. A task that
  /// is destroyed while it waits reserves nothing.
  async::Task<void> reserve(MemoryUse use, std::uint64_t bytes, env::TimePoint deadline);
  /// Gives back what was reserved; more than that is a fault of the program and ends it.
  void release(MemoryUse use, std::uint64_t bytes) noexcept;

  /// Asked for at least `bytes` when a reservation does not fit; frees what it can by dropping pages (L1's eviction).
  /// Set once, before the first reservation (PageCache does it). Called from any thread, without a lock held, by
  /// several at once; must not call try_reserve or reserve.
  void set_reclaimer(std::function<void(std::uint64_t bytes)> reclaim);
  /// To be called when memory that the reclaimer can free has come to be (a page went into L1): without it, one who
  /// found nothing to reclaim earlier would wait although there is something now. Cheap when nobody waits.
  void reclaim_for_waiters();

  /// For MutablePage::allocate after a reservation of MemoryUse::pages of MutablePage::charge(size) bytes.
  PageMemory& page_memory() noexcept;

  std::uint64_t total() const noexcept;
  std::uint64_t used(MemoryUse use) const noexcept;
  std::uint64_t used() const noexcept;
  std::size_t waiting() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace seekfs::cache
