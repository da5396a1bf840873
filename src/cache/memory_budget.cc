// The budget of RAM: what is used, who waits, and how memory is asked back from L1.
#include "cache/memory_budget.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <numeric>
#include <utility>

#include "async/promise.h"
#include "base/mutex.h"

namespace seekfs::cache {
namespace {

/// The reclaimer is asked again while it frees something that others take away first, but not for ever.
constexpr int max_reclaim_rounds = 8;

enum class Turn : std::uint8_t { queued, granted, over };

struct Waiter {
  MemoryUse use;
  std::uint64_t bytes;
  Turn turn = Turn::queued;  // guarded by State::mutex
  async::Promise<void> granted{};
};

using Queue = std::list<std::shared_ptr<Waiter>>;

}  // namespace

std::string_view to_string(MemoryUse use) noexcept {
  switch (use) {
    case MemoryUse::pages: return "pages";
    case MemoryUse::replies: return "replies";
    case MemoryUse::manifests: return "manifests";
  }
  return "unknown";
}

struct MemoryBudget::State final : PageMemory {
  State(std::uint64_t total_bytes, async::Timers& timers_in) : total(total_bytes), timers(timers_in) {}

  void release(std::size_t bytes) noexcept override { give_back(MemoryUse::pages, bytes); }

  std::uint64_t used_locked() const SEEKFS_REQUIRES(mutex) {
    return std::accumulate(used.begin(), used.end(), std::uint64_t{0});
  }
  bool fits(std::uint64_t bytes) const SEEKFS_REQUIRES(mutex) { return bytes <= total - used_locked(); }
  void take(MemoryUse use, std::uint64_t bytes) SEEKFS_REQUIRES(mutex) { used[static_cast<std::size_t>(use)] += bytes; }

  void subtract(MemoryUse use, std::uint64_t bytes) noexcept SEEKFS_REQUIRES(mutex) {
    std::uint64_t& held = used[static_cast<std::size_t>(use)];
    if (bytes > held) {
      fmt::print(stderr, "memory budget: {} bytes of {} given back, but only {} are reserved\n", bytes, to_string(use),
                 held);
      std::abort();
    }
    held -= bytes;
    released += bytes;
  }

  /// Takes from the queue those whose turn has come. They are told after the lock is given back.
  Queue grant() noexcept SEEKFS_REQUIRES(mutex) {
    Queue ready;
    while (!queue.empty() && fits(queue.front()->bytes)) {
      Waiter& waiter = *queue.front();
      waiter.turn = Turn::granted;
      take(waiter.use, waiter.bytes);
      ready.splice(ready.end(), queue, queue.begin());
    }
    waiters.store(queue.size(), std::memory_order_relaxed);
    return ready;
  }

  static void tell(const Queue& ready) noexcept {
    for (const std::shared_ptr<Waiter>& waiter : ready) waiter->granted.set({});
  }

  void give_back(MemoryUse use, std::uint64_t bytes) noexcept {
    Queue ready;
    {
      MutexLock lock(mutex);
      subtract(use, bytes);
      ready = grant();
    }
    tell(ready);
  }

  /// A place in the queue, or nothing when the bytes were free and are now reserved.
  std::shared_ptr<Waiter> enter(MemoryUse use, std::uint64_t bytes) {
    auto waiter = std::make_shared<Waiter>(use, bytes);
    MutexLock lock(mutex);
    if (queue.empty() && fits(bytes)) {
      take(use, bytes);
      return nullptr;
    }
    queue.push_back(waiter);
    waiters.store(queue.size(), std::memory_order_relaxed);
    return waiter;
  }

  /// The end of a wait. Whatever was granted and is not kept goes back.
  void leave(const std::shared_ptr<Waiter>& waiter, bool keep) noexcept {
    Queue ready;
    {
      MutexLock lock(mutex);
      const Turn turn = std::exchange(waiter->turn, Turn::over);
      if (turn == Turn::queued) queue.remove(waiter);
      if (turn == Turn::granted && !keep) subtract(waiter->use, waiter->bytes);
      ready = grant();
    }
    tell(ready);
  }

  /// Bytes that are missing for everybody in the queue together and `more`, and how much was ever released.
  struct Shortfall {
    std::uint64_t bytes;
    std::uint64_t released;
  };
  Shortfall shortfall(std::uint64_t more) const SEEKFS_REQUIRES(mutex) {
    std::uint64_t wanted = more;
    for (const std::shared_ptr<Waiter>& waiter : queue) wanted += waiter->bytes;
    const std::uint64_t unused = total - used_locked();
    return {wanted > unused ? wanted - unused : 0, released};
  }

  /// Asks the reclaimer; false when nothing came of it.
  bool ask_back(Shortfall missing) {
    if (!reclaim) return false;
    reclaim(missing.bytes);
    MutexLock lock(mutex);
    return released != missing.released;
  }

  const std::uint64_t total;
  async::Timers& timers;
  std::function<void(std::uint64_t)> reclaim;  // set before the first use, then only read
  std::atomic<std::size_t> waiters{0};         // queue.size(), to be read without the lock

  mutable Mutex mutex;
  std::array<std::uint64_t, memory_use_count> used SEEKFS_GUARDED_BY(mutex){};
  std::uint64_t released SEEKFS_GUARDED_BY(mutex) = 0;
  Queue queue SEEKFS_GUARDED_BY(mutex);

  class Place;
};

/// Leaves the queue when the waiting task ends, also when it is destroyed before its turn.
class MemoryBudget::State::Place {
 public:
  Place(State& state, std::shared_ptr<Waiter> waiter) : state_(state), waiter_(std::move(waiter)) {}
  ~Place() { state_.leave(waiter_, keep_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  void keep() noexcept { keep_ = true; }

 private:
  State& state_;
  std::shared_ptr<Waiter> waiter_;
  bool keep_ = false;
};

MemoryBudget::MemoryBudget(std::uint64_t total_bytes, async::Timers& timers)
    : state_(std::make_unique<State>(total_bytes, timers)) {}
MemoryBudget::~MemoryBudget() = default;

bool MemoryBudget::try_reserve(MemoryUse use, std::uint64_t bytes) {
  if (bytes > state_->total) return false;
  for (int round = 0; round < max_reclaim_rounds; ++round) {
    State::Shortfall missing{};
    {
      MutexLock lock(state_->mutex);
      if (!state_->queue.empty()) return false;
      if (state_->fits(bytes)) {
        state_->take(use, bytes);
        return true;
      }
      missing = state_->shortfall(bytes);
    }
    if (!state_->ask_back(missing)) return false;
  }
  return false;
}

async::Task<void> MemoryBudget::reserve(MemoryUse use, std::uint64_t bytes, env::TimePoint deadline) {
  if (bytes > state_->total) {
    co_return fail(ErrorCode::exhausted,
                   fmt::format("{} bytes of memory for {} are more than the whole budget of {} bytes; raise [cache] "
                               "l1_memory",
                               bytes, to_string(use), state_->total));
  }
  std::shared_ptr<Waiter> waiter = state_->enter(use, bytes);
  if (!waiter) co_return Status{};
  State::Place place(*state_, waiter);
  reclaim_for_waiters();
  Status granted = co_await waiter->granted.wait_until(
      state_->timers, deadline, fmt::format("waiting for {} bytes of memory for {}", bytes, to_string(use)));
  if (granted) place.keep();
  co_return granted;
}

void MemoryBudget::release(MemoryUse use, std::uint64_t bytes) noexcept { state_->give_back(use, bytes); }

void MemoryBudget::set_reclaimer(std::function<void(std::uint64_t bytes)> reclaim) {
  state_->reclaim = std::move(reclaim);
}

void MemoryBudget::reclaim_for_waiters() {
  for (int round = 0; round < max_reclaim_rounds; ++round) {
    if (waiting() == 0) return;
    State::Shortfall missing{};
    {
      MutexLock lock(state_->mutex);
      missing = state_->shortfall(0);
    }
    if (missing.bytes == 0 || !state_->ask_back(missing)) return;
  }
}

PageMemory& MemoryBudget::page_memory() noexcept { return *state_; }
std::uint64_t MemoryBudget::total() const noexcept { return state_->total; }

std::uint64_t MemoryBudget::used(MemoryUse use) const noexcept {
  MutexLock lock(state_->mutex);
  return state_->used[static_cast<std::size_t>(use)];
}

std::uint64_t MemoryBudget::used() const noexcept {
  MutexLock lock(state_->mutex);
  return state_->used_locked();
}

std::size_t MemoryBudget::waiting() const noexcept { return state_->waiters.load(std::memory_order_relaxed); }

}  // namespace seekfs::cache
