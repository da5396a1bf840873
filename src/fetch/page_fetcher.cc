// One page's way: joined or first, L2, the queue, a GET, the check, the caches, the waiters.
#include "fetch/page_fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "async/running_tasks.h"
#include "base/mutex.h"
#include "fetch/changed_sources.h"
#include "fetch/fetch_metrics.h"
#include "fetch/fetch_queue.h"
#include "fetch/get_sink.h"
#include "fetch/origin_errors.h"
#include "fetch/verify.h"

namespace seekfs::fetch {
namespace {

l2::PageFacts facts_of(const PageRequest& request) {
  return {
      .crc32c = request.crc32c, .ns = request.source->ns, .path = request.source->path, .hash = request.source->hash};
}

Error shutting_down() { return Error(ErrorCode::cancelled, "the daemon is shutting down"); }

}  // namespace

/// Shared by the fetcher and by every GET that it drives, so that a GET may end after the fetcher was asked to go.
class PageFetcher::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(PageFetcherParts parts, PageFetcherOptions options)
      : parts_(parts),
        options_(options),
        metrics_(parts.metrics),
        usefulness_(options.run_on_prior),
        changed_(parts.timers.clock(), options.remember_changed),
        queue_(options.planner) {}

  std::vector<PageTicket> start(std::vector<Wanted> pages, async::Executor executor);
  std::size_t prefetch(std::span<const PageRequest> pages, async::Executor executor);
  void shutdown();
  std::size_t in_flight() const { return flights_.size(); }
  Usefulness& usefulness() noexcept { return usefulness_; }

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
  void on_permit(objectstore::Purpose purpose, Result<objectstore::OriginGate::Permit> permit);
  void refuse_waiting(objectstore::Purpose purpose, const Error& error);
  void raise(const PageRequest& request);
  Coroutine read_l2(PageJob job);
  Coroutine run_get(PlannedGet get, objectstore::OriginGate::Permit permit);
  void withdraw_unwanted(PlannedGet& get);
  async::Task<StoreFailure> explain_failure(const PlannedGet& get, Error from_store);
  void on_page(PageJob job);
  void complete(const PageJob& job, PageRef page, PageTier tier);

  PageFetcherParts parts_;
  const PageFetcherOptions options_;
  FetchMetrics metrics_;
  Usefulness usefulness_;
  FlightTable flights_;
  ChangedSources changed_;

  async::RunningTasks tasks_;  ///< coroutines, and requests for a permit

  Mutex mutex_;  ///< taken before a lock of flights_
  FetchQueue queue_ SEEKFS_GUARDED_BY(mutex_);
  bool demand_permit_requested_ SEEKFS_GUARDED_BY(mutex_) = false;
  bool prefetch_permit_requested_ SEEKFS_GUARDED_BY(mutex_) = false;
};

std::vector<PageTicket> PageFetcher::Core::start(std::vector<Wanted> pages, async::Executor executor) {
  std::vector<PageTicket> tickets;
  tickets.reserve(pages.size());
  Work work;
  for (Wanted& wanted : pages) {
    const manifest::PageKey key = wanted.request.key;
    FlightTable::Joined joined = flights_.join(key, wanted.purpose == objectstore::Purpose::demand);
    const bool first = joined.first;
    const bool raised = joined.raised;
    tickets.emplace_back(flights_, key, std::move(joined));
    if (first) {
      start_one({.request = std::move(wanted.request),
                 .buffer = std::move(wanted.buffer),
                 .purpose = wanted.purpose,
                 .keep_in_l1 = wanted.keep_in_l1},
                work);
    } else {
      metrics_.joined.add();
      if (raised) raise(wanted.request);
    }
  }
  begin(std::move(work), executor);
  return tickets;
}

std::size_t PageFetcher::Core::prefetch(std::span<const PageRequest> pages, async::Executor executor) {
  Work work;
  std::size_t taken = 0;
  for (const PageRequest& request : pages) {
    if (!parts_.l1.contains(request.key) && !flights_.contains(request.key)) {
      MutablePage buffer = try_allocate(request.key.len);
      if (!buffer) break;
      if (flights_.keep(request.key)) {
        start_one({.request = request, .buffer = std::move(buffer), .purpose = objectstore::Purpose::prefetch}, work);
      }
    }
    ++taken;
  }
  begin(std::move(work), executor);
  return taken;
}

/// Empty when the memory can't be had at once.
MutablePage PageFetcher::Core::try_allocate(std::uint32_t length) {
  const std::uint64_t charge = MutablePage::charge(length);
  if (!parts_.memory.try_reserve(cache::MemoryUse::pages, charge)) return {};
  MutablePage buffer = MutablePage::allocate(length, &parts_.memory.page_memory());
  if (!buffer) parts_.memory.release(cache::MemoryUse::pages, charge);
  return buffer;
}

void PageFetcher::Core::begin(Work work, const async::Executor& executor) {
  for (PageJob& job : work.from_l2) {
    tasks_.continue_with_one_more();
    async::spawn(executor, read_l2(std::move(job)));
  }
  if (!work.from_origin.empty()) enqueue(std::move(work.from_origin));
}

/// Sorts a page that nobody else is reading into the tier that is asked next.
void PageFetcher::Core::start_one(PageJob job, Work& work) {
  // Whoever completes a page puts it into L1 before the flight ends, so one that ended since the caller looked is
  // there.
  if (PageRef page = parts_.l1.get(job.request.key)) {
    flights_.complete(job.request.key, PageArrival{std::move(page), PageTier::l1});
    return;
  }
  if (parts_.l2.enabled() && parts_.l2.may_contain(job.request.key, facts_of(job.request))) {
    work.from_l2.push_back(std::move(job));
    return;
  }
  if (parts_.l2.enabled()) metrics_.l2_miss.add();
  work.from_origin.push_back(std::move(job));
}

PageFetcher::Core::Coroutine PageFetcher::Core::read_l2(PageJob job) {
  const auto self = shared_from_this();
  const auto hit = co_await parts_.l2.get(job.request.key, facts_of(job.request), job.buffer.bytes());
  if (hit && *hit && is_the_page(job.request, job.buffer.bytes())) {
    metrics_.l2_hit.add();
    PageRef page = std::move(job.buffer).seal();
    complete(job, std::move(page), PageTier::l2);
  } else {
    metrics_.l2_miss.add();
    if (hit && *hit) {
      metrics_.crc_failures_l2.add();
      parts_.l2.remove(job.request.key);
      parts_.log.warning(
          "a page in L2 is damaged and was dropped",
          {{"ns", job.request.source->ns}, {"path", job.request.source->path}, {"page", job.request.key.page_id}});
    }
    std::vector<PageJob> one;
    one.push_back(std::move(job));
    enqueue(std::move(one));
  }
  tasks_.end();
}

void PageFetcher::Core::enqueue(std::vector<PageJob> jobs) {
  std::vector<std::pair<manifest::PageKey, Error>> refused;
  for (PageJob& job : jobs) {
    std::optional<Error> refusal;
    if (const auto known = changed_.find(job.request.source->object)) {
      refusal = origin_error(*known, *job.request.source);
    }
    MutexLock lock(mutex_);
    if (tasks_.closed()) refusal = shutting_down();
    if (refusal) {
      refused.emplace_back(job.request.key, std::move(*refusal));
    } else {
      // A reader that joins from here on finds the page in the queue and raises it.
      if (job.purpose == objectstore::Purpose::prefetch && flights_.demanded(job.request.key)) {
        job.purpose = objectstore::Purpose::demand;
      }
      queue_.push(std::move(job));
    }
  }
  for (auto& [key, error] : refused) flights_.complete(key, std::unexpected(std::move(error)));
  request_permits();
}

/// A reader has joined a page that was only prefetched so far. It may also be read from L2 now, or be on its way.
void PageFetcher::Core::raise(const PageRequest& request) {
  {
    MutexLock lock(mutex_);
    if (!queue_.raise(request)) return;
  }
  metrics_.raised.add();
  request_permits();
}

void PageFetcher::Core::request_permits() {
  request_permit(objectstore::Purpose::demand);
  request_permit(objectstore::Purpose::prefetch);
}

/// One permit a purpose is asked for at a time: what its GET covers is decided when it is granted, from all that waits
/// by then.
void PageFetcher::Core::request_permit(objectstore::Purpose purpose) {
  {
    MutexLock lock(mutex_);
    bool& requested = purpose == objectstore::Purpose::prefetch ? prefetch_permit_requested_ : demand_permit_requested_;
    if (requested || queue_.empty(purpose)) return;
    requested = true;
    tasks_.continue_with_one_more();
  }
  parts_.gate.acquire(purpose, [self = shared_from_this(), purpose](Result<objectstore::OriginGate::Permit> permit) {
    self->on_permit(purpose, std::move(permit));
  });
}

void PageFetcher::Core::on_permit(objectstore::Purpose purpose, Result<objectstore::OriginGate::Permit> permit) {
  std::optional<PlannedGet> get;
  {
    MutexLock lock(mutex_);
    (purpose == objectstore::Purpose::prefetch ? prefetch_permit_requested_ : demand_permit_requested_) = false;
    if (permit) get = queue_.pop(purpose);
  }
  if (!permit) {
    refuse_waiting(purpose, permit.error());
    tasks_.end();
    return;
  }
  if (get) {
    tasks_.continue_with_one_more();
    async::spawn(parts_.background.executor(), run_get(std::move(*get), std::move(*permit)));
  } else {
    permit->return_unused();
  }
  request_permits();
  tasks_.end();
}

/// Nothing may be asked of the store for now: whoever waits is told at once, and no page stays behind without a request
/// for a permit.
void PageFetcher::Core::refuse_waiting(objectstore::Purpose purpose, const Error& error) {
  std::vector<PageJob> refused;
  {
    MutexLock lock(mutex_);
    refused = queue_.take_all(purpose);
  }
  for (const PageJob& job : refused) {
    flights_.complete(job.request.key, std::unexpected(origin_error({error, ""}, *job.request.source)));
  }
}

/// Takes away, at both ends, the pages whose last reader left before the GET was sent.
void PageFetcher::Core::withdraw_unwanted(PlannedGet& get) {
  const auto unwanted = [this](const PageJob& job) { return flights_.drop_if_unwanted(job.request.key); };
  while (!get.jobs.empty() && unwanted(get.jobs.back())) {
    get.range.len -= get.jobs.back().request.key.len;
    get.jobs.pop_back();
  }
  auto first = get.jobs.begin();
  for (; first != get.jobs.end() && unwanted(*first); ++first) {
    get.range.off += first->request.key.len;
    get.range.len -= first->request.key.len;
  }
  get.jobs.erase(get.jobs.begin(), first);
}

PageFetcher::Core::Coroutine PageFetcher::Core::run_get(PlannedGet get, objectstore::OriginGate::Permit permit) {
  const auto self = shared_from_this();
  withdraw_unwanted(get);
  if (get.jobs.empty()) {
    permit.return_unused();
    tasks_.end();
    co_return;
  }
  if (get.jobs.size() > 1) metrics_.coalesced_pages.add(get.jobs.size() - 1);
  GetSink sink(std::move(get.jobs), flights_, [this](PageJob job) { on_page(std::move(job)); });
  const objectstore::RequestOptions options{
      .purpose = get.purpose,
      .deadline = parts_.timers.clock().now() + options_.get_timeout,
  };
  const auto reply = co_await parts_.store.get(get.object, get.range, sink, options);
  // Their memory goes back before the task ends: the budget may not outlive it.
  if (const std::vector<PageJob> missing = sink.take_missing(); !missing.empty()) {
    Error error = reply ? Error(ErrorCode::precondition_failed,
                                fmt::format("the object ends at byte {}, before the range [{}, {})", reply->size,
                                            get.range.off, get.range.off + get.range.len))
                        : reply.error();
    const auto failure = co_await explain_failure(get, std::move(error));
    for (const PageJob& job : missing) {
      flights_.complete(job.request.key, std::unexpected(origin_error(*failure, *job.request.source)));
    }
  }
  {
    const objectstore::OriginGate::Permit done = std::move(permit);
  }
  tasks_.end();
}

/// What is to be told of a failed GET: when the object is not the published one, also what was found in its place.
async::Task<StoreFailure> PageFetcher::Core::explain_failure(const PlannedGet& get, Error from_store) {
  StoreFailure failure{std::move(from_store), ""};
  if (is_source_change(failure.error.code)) {
    const objectstore::RequestOptions options{
        .purpose = get.purpose,
        .deadline = parts_.timers.clock().now() + options_.get_timeout,
    };
    const auto found =
        co_await parts_.store.head({.key = get.object.key, .version_id = get.object.version_id}, options);
    if (found && get.object.if_match == found->etag) {
      failure.error.code = ErrorCode::transient;
      failure.error.message = "the object is as published, but its bytes were refused: " + failure.error.message;
      co_return failure;
    }
    if (found) failure.found_etag = found->etag;
    if (!found && found.error().code == ErrorCode::not_found) failure.found_etag = "no such object";
    metrics_.source_changed.add();
    changed_.add(get.object, failure);
  }
  parts_.log.debug("a read of the object store failed", {{"code", to_string(failure.error.code)},
                                                         {"object", get.object.key},
                                                         {"off", get.range.off},
                                                         {"len", get.range.len},
                                                         {"found", failure.found_etag},
                                                         {"error", failure.error.message}});
  co_return failure;
}

/// On the store's thread: a page whose bytes are all there.
void PageFetcher::Core::on_page(PageJob job) {
  if (is_the_page(job.request, job.buffer.bytes())) {
    PageRef page = std::move(job.buffer).seal();
    // Before the readers wake: who has a page may count on every tier having been offered it.
    if (parts_.l2.enabled()) parts_.l2.put(job.request.key, facts_of(job.request), page);
    complete(job, std::move(page), PageTier::origin);
    return;
  }
  metrics_.crc_failures_origin.add();
  const PageRequest& request = job.request;
  parts_.log.warning("a page from the object store fails its CRC32C", {{"ns", request.source->ns},
                                                                       {"path", request.source->path},
                                                                       {"page", request.key.page_id},
                                                                       {"object", request.source->object.key},
                                                                       {"second_try", job.second_try}});
  if (!job.second_try) {
    job.second_try = true;
    std::vector<PageJob> again;
    again.push_back(std::move(job));
    enqueue(std::move(again));
    return;
  }
  flights_.complete(
      request.key,
      fail(ErrorCode::origin_corrupt,
           fmt::format("{}/{}: page {} of object {} does not have the CRC32C that the manifest gives, on two "
                       "requests; the object is damaged: publish the file again",
                       request.source->ns, request.source->path, request.key.page_id, request.source->object.key)));
}

void PageFetcher::Core::complete(const PageJob& job, PageRef page, PageTier tier) {
  const manifest::PageKey& key = job.request.key;
  const bool demanded = flights_.demanded(key);
  if (job.keep_in_l1 || demanded) {
    const bool ahead = job.purpose == objectstore::Purpose::prefetch && !demanded;
    parts_.l1.put(
        key, page,
        {.ns = job.request.source->ns, .cause = ahead ? cache::PageCause::prefetch : cache::PageCause::demand});
  }
  flights_.complete(key, PageArrival{std::move(page), tier});
}

void PageFetcher::Core::shutdown() {
  tasks_.close();
  std::vector<PageJob> dropped;
  {
    MutexLock lock(mutex_);
    dropped = queue_.take_all(objectstore::Purpose::demand);
    std::ranges::move(queue_.take_all(objectstore::Purpose::prefetch), std::back_inserter(dropped));
  }
  for (const PageJob& job : dropped) flights_.complete(job.request.key, std::unexpected(shutting_down()));
  tasks_.wait_for_none();
}

PageFetcher::PageFetcher(PageFetcherParts parts, PageFetcherOptions options)
    : core_(std::make_shared<Core>(parts, options)) {}

PageFetcher::~PageFetcher() { core_->shutdown(); }

std::vector<PageTicket> PageFetcher::start(std::vector<Wanted> pages, async::Executor executor) {
  return core_->start(std::move(pages), executor);
}

std::size_t PageFetcher::prefetch(std::span<const PageRequest> pages, async::Executor executor) {
  return core_->prefetch(pages, executor);
}

void PageFetcher::shutdown() { core_->shutdown(); }

std::size_t PageFetcher::in_flight() const { return core_->in_flight(); }

Usefulness& PageFetcher::usefulness() noexcept { return core_->usefulness(); }

}  // namespace seekfs::fetch
