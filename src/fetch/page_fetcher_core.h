// What the fetcher's parts share: the state behind PageFetcher. page_fetcher.cc brings pages to the queue and completes
// them, get_run.cc drives the GETs.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "async/running_tasks.h"
#include "base/mutex.h"
#include "fetch/changed_sources.h"
#include "fetch/fetch_metrics.h"
#include "fetch/fetch_queue.h"
#include "fetch/origin_errors.h"
#include "fetch/page_fetcher.h"
#include "fetch/recent_demand.h"
#include "fetch/tail_control.h"
#include "fetch/usefulness.h"

namespace seekfs::fetch {

/// A view of the request.
inline l2::PageFacts facts_of(const PageRequest& request) {
  return {
      .crc32c = request.crc32c, .ns = request.source->ns, .path = request.source->path, .hash = request.source->hash};
}

/// Shared by the fetcher and by every GET that it drives, so that a GET may end after the fetcher was asked to go.
class PageFetcher::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(PageFetcherParts parts, PageFetcherOptions options)
      : parts_(parts),
        options_(options),
        metrics_(parts.metrics),
        usefulness_(options.run_on.prior),
        changed_(parts.timers.clock(), options.remember_changed),
        tails_(std::make_shared<TailControl>(options.tails, parts.timers, parts.metrics)),
        queue_(options.planner) {}

  std::vector<PageTicket> start(std::vector<Wanted> pages, async::Executor executor);
  std::size_t prefetch(std::span<const PageRequest> pages, async::Executor executor);
  void shutdown();
  std::size_t in_flight() const { return flights_.size(); }

 private:
  using Coroutine = boost::asio::awaitable<void, async::Executor>;

  /// What start_one() found to be done.
  struct Work {
    std::vector<PageJob> from_l2;
    std::vector<PageJob> from_origin;
  };
  void start_one(PageJob job, Work& work);
  void begin(Work work, const async::Executor& executor);
  MutablePage try_allocate(std::uint32_t length);
  void enqueue(std::vector<PageJob> jobs);
  void request_permits();
  void request_permit(objectstore::Purpose purpose);
  void make_room_for_reader();
  void on_permit(objectstore::Purpose purpose, Result<objectstore::OriginGate::Permit> permit);
  void refuse_waiting(objectstore::Purpose purpose, const Error& error);
  void raise(const PageRequest& request);
  void fetch_if_far_behind(const PageRequest& request, const FlightTable::Ride& ride);
  Coroutine read_l2(PageJob job);
  Coroutine run_get(PlannedGet get, objectstore::OriginGate::Permit permit);
  void run_on(PlannedGet& get);
  void board(PlannedGet& get, const std::shared_ptr<GetProgress>& progress);
  void note_demand(const PlannedGet& get);
  bool is_cached(const PageRequest& request) const;
  std::vector<PageJob> give_own_time(std::vector<PageJob> missing);
  void ask_again(std::vector<PageJob> jobs);
  void withdraw_unwanted(PlannedGet& get);
  async::Task<StoreFailure> explain_failure(const PlannedGet& get, Error from_store);
  void on_page(PageJob job);
  void complete(const PageJob& job, PageRef page, PageTier tier);

  PageFetcherParts parts_;
  const PageFetcherOptions options_;
  FetchMetrics metrics_;
  Usefulness usefulness_;
  std::atomic<std::uint64_t> run_on_joined_ = 0;  ///< run-on pages that a reader asked for before they were cached
  FlightTable flights_;
  ChangedSources changed_;
  const std::shared_ptr<TailControl> tails_;

  async::RunningTasks tasks_;  ///< coroutines, and requests for a permit

  Mutex mutex_;  ///< taken before a lock of flights_ or tails_
  FetchQueue queue_ SEEKFS_GUARDED_BY(mutex_);
  RecentDemand demand_ SEEKFS_GUARDED_BY(mutex_);
  bool demand_permit_requested_ SEEKFS_GUARDED_BY(mutex_) = false;
  bool prefetch_permit_requested_ SEEKFS_GUARDED_BY(mutex_) = false;
  bool asking_ SEEKFS_GUARDED_BY(mutex_) = false;  ///< a thread is in request_permits()
  bool ask_once_more_ SEEKFS_GUARDED_BY(mutex_) = false;
};

}  // namespace seekfs::fetch
