// The way of a miss: joins readers of one page, asks L2 and then the object store, verifies, fills the caches and wakes
// whoever waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "async/reactor.h"
#include "async/timers.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cache/memory_budget.h"
#include "cache/page_cache.h"
#include "fetch/fetch_policy.h"
#include "fetch/flight_table.h"
#include "fetch/page_request.h"
#include "fetch/planner.h"
#include "fetch/tail_policy.h"
#include "l2/l2.h"
#include "objectstore/object_store.h"
#include "objectstore/origin_gate.h"

namespace seekfs::fetch {

/// A reader's interest in one page that is on its way. Destroying it withdraws the interest; the read itself goes on
/// while others wait, or while it is too late to stop it. Belongs to one coroutine.
class PageTicket {
 public:
  PageTicket() = default;
  PageTicket(FlightTable& table, const manifest::PageKey& key, FlightTable::Joined joined)
      : table_(&table), key_(key), waiter_(joined.waiter), first_(joined.first), arrival_(std::move(joined.arrival)) {}
  PageTicket(PageTicket&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)),
        key_(other.key_),
        waiter_(other.waiter_),
        first_(other.first_),
        arrival_(std::move(other.arrival_)) {}
  PageTicket& operator=(PageTicket&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(key_, other.key_);
    std::swap(waiter_, other.waiter_);
    std::swap(first_, other.first_);
    std::swap(arrival_, other.arrival_);
    return *this;
  }
  ~PageTicket() {
    if (table_ != nullptr) table_->leave(key_, waiter_);
  }

  bool ready() const { return arrival_->ready(); }
  /// Whether the page was not on its way before.
  bool is_first() const noexcept { return first_; }
  /// The page or its error, when ready().
  Result<PageArrival> take() { return *arrival_->try_take(); }
  /// Waits until it is there: the errors of PageFetcher, or timeout at the deadline.
  async::Task<PageArrival> wait(async::Timers& timers, env::TimePoint deadline) {
    return arrival_->wait_until(timers, deadline, "the read of a page");
  }
  /// The same without a deadline: a prefetch may wait behind readers for as long as they come.
  async::Task<PageArrival> wait() { return arrival_->wait(); }
  /// Withdraws the interest while a wait goes on, which ends in `cancelled`. On the executor of that wait.
  void cancel() {
    table_->leave(key_, waiter_);
    arrival_->set(fail(ErrorCode::cancelled, "nobody wants the page any more"));
  }

 private:
  FlightTable* table_ = nullptr;
  manifest::PageKey key_;
  std::uint64_t waiter_ = 0;
  bool first_ = false;
  std::optional<FlightTable::Arrival> arrival_;
};

/// What the fetcher works with; all outlive it.
struct PageFetcherParts {
  objectstore::ObjectStore& store;  ///< not budgeted itself: the fetcher goes through the gate
  objectstore::OriginGate& gate;
  cache::PageCache& l1;
  cache::MemoryBudget& memory;  ///< of pages that no reader asked for; the others bring theirs
  l2::L2& l2;
  async::Timers& timers;
  async::Reactor& background;  ///< where GETs are driven
  MetricsRegistry& metrics;
  Logger& log;
};

struct PageFetcherOptions {
  PlannerPolicy planner;
  RunOnPolicy run_on;
  TailLimits tails;
  std::chrono::milliseconds get_timeout{60'000};
  std::chrono::milliseconds remember_changed{30'000};
};

/// Errors that a ticket may give: origin_unavailable, origin_denied, origin_corrupt (the bytes failed the check, twice,
/// on two requests; they are never cached), source_changed (remembered for a while), throttled, timeout, exhausted,
/// cancelled (the fetcher is shutting down). Thread-safe.
class PageFetcher {
 public:
  PageFetcher(PageFetcherParts parts, PageFetcherOptions options);
  /// As shutdown().
  ~PageFetcher();

  /// A page to read and the memory to read it into, reserved and allocated by the caller with the page's exact length.
  struct Wanted {
    PageRequest request;
    MutablePage buffer;
    /// Or prefetch: behind all pages on demand, unless a reader asks for the page meanwhile.
    objectstore::Purpose purpose = objectstore::Purpose::demand;
    /// False: the page goes into L2 only, unless a reader asks for it meanwhile.
    bool keep_in_l1 = true;
  };
  /// Joins the pages that are on their way and starts the others; the missing ones that are neighbours are asked of the
  /// store together. One ticket a page, in order. Never waits. `executor` is where reads of L2 run: the reader's own,
  /// so that what the page cache answers costs no change of threads. A read goes on when its reader has left, so the
  /// reactor behind `executor` must run until shutdown() has returned.
  std::vector<PageTicket> start(std::vector<Wanted> pages, async::Executor executor);

  /// Starts pages that nobody waits for, as read-ahead: without a ticket they stay on their way until they are there,
  /// behind all pages on demand unless a reader joins them. Best effort: pages that are in L1 or on their way are
  /// passed over, the first one whose memory can't be had at once ends the list, and nobody is told of a failure.
  /// Returns how many of `pages`, from the front, are in L1 or on their way. Never waits. `executor` as start().
  std::size_t prefetch(std::span<const PageRequest> pages, async::Executor executor);

  /// No new pages; those that wait get `cancelled`; returns when no GET and no read of L2 is running any more.
  void shutdown();

  std::size_t in_flight() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace seekfs::fetch
