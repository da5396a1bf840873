// One page's way: joined or first, L2, the queue, a GET, the check, the caches, the waiters.
#include "fetch/page_fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "fetch/page_fetcher_core.h"
#include "fetch/verify.h"

namespace seekfs::fetch {
namespace {

/// Before enough GETs were seen.
constexpr env::Duration usual_first_byte = std::chrono::milliseconds(100);

Error shutting_down() { return Error(ErrorCode::cancelled, "the daemon is shutting down"); }

}  // namespace

std::vector<PageTicket> PageFetcher::Core::start(std::vector<Wanted> pages, async::Executor executor) {
  std::vector<PageTicket> tickets;
  tickets.reserve(pages.size());
  Work work;
  for (Wanted& wanted : pages) {
    const manifest::PageKey key = wanted.request.key;
    FlightTable::Joined joined = flights_.join(key, wanted.purpose == objectstore::Purpose::demand, wanted.buffer);
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
      const auto ride = wanted.purpose == objectstore::Purpose::demand ? flights_.ride(key) : std::nullopt;
      if (ride) {
        tails_->joined(ride->get->tail());
        fetch_if_far_behind(wanted.request, *ride);
      }
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

/// A reader has joined a page of a GET under way. If that will take much longer to bring it than a GET of its own, one
/// is sent; the page that comes first counts. It goes without when memory or the object store is short: it waits as
/// well.
void PageFetcher::Core::fetch_if_far_behind(const PageRequest& request, const FlightTable::Ride& ride) {
  if (ride.lone) return;
  const GetPace pace = ride.get->pace();
  const env::Duration fresh = parts_.gate.hedge_delay().value_or(usual_first_byte);
  if (ride.end <= pace.received || !is_far_behind(ride.end - pace.received, pace, fresh, options_.run_on.patience) ||
      parts_.gate.has_waiters()) {
    return;
  }
  MutablePage buffer = try_allocate(request.key.len);
  if (!buffer) return;
  PageJob job{.request = request, .buffer = std::move(buffer)};
  job.flight = flights_.leave_ride(request.key);
  if (job.flight == 0) return;
  metrics_.far_behind.add();
  job.alone = true;
  std::vector<PageJob> one;
  one.push_back(std::move(job));
  enqueue(std::move(one));
}

/// The gate may grant at once, on this thread, and each grant asks for the next one: whoever is asking already goes
/// round once more instead of being called from within, since there may be very many.
void PageFetcher::Core::request_permits() {
  {
    MutexLock lock(mutex_);
    ask_once_more_ = true;
    if (asking_) return;
    asking_ = true;
  }
  while (true) {
    {
      MutexLock lock(mutex_);
      asking_ = std::exchange(ask_once_more_, false);
      if (!asking_) return;
    }
    request_permit(objectstore::Purpose::demand);
    request_permit(objectstore::Purpose::prefetch);
  }
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
  if (purpose == objectstore::Purpose::demand) make_room_for_reader();
}

/// A reader's GET waits behind others that hold all permits: one of which only a tail is left ends.
void PageFetcher::Core::make_room_for_reader() {
  if (!parts_.gate.full()) return;
  MutexLock lock(mutex_);
  if (demand_permit_requested_ && !queue_.empty(objectstore::Purpose::demand)) tails_->permit_wanted();
}

void PageFetcher::Core::on_permit(objectstore::Purpose purpose, Result<objectstore::OriginGate::Permit> permit) {
  std::optional<PlannedGet> get;
  {
    MutexLock lock(mutex_);
    (purpose == objectstore::Purpose::prefetch ? prefetch_permit_requested_ : demand_permit_requested_) = false;
    if (permit) get = queue_.pop(purpose);
    // A permit to prefetch may serve the reader as well.
    if (purpose == objectstore::Purpose::demand || queue_.empty(objectstore::Purpose::demand)) tails_->permit_granted();
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
    flights_.fail(job.request.key, job.flight, origin_error({error, ""}, *job.request.source));
  }
}

void PageFetcher::Core::complete(const PageJob& job, PageRef page, PageTier tier) {
  const manifest::PageKey& key = job.request.key;
  const bool demanded = flights_.demanded(key);
  if (job.keep_in_l1 || demanded) {
    const bool ahead = job.purpose == objectstore::Purpose::prefetch && !demanded;
    if (job.run_on && demanded) run_on_joined_.fetch_add(1, std::memory_order_relaxed);
    const auto cause = !ahead       ? cache::PageCause::demand
                       : job.run_on ? cache::PageCause::run_on
                                    : cache::PageCause::prefetch;
    parts_.l1.put(key, page, {.ns = job.request.source->ns, .cause = cause});
  }
  flights_.complete(key, PageArrival{std::move(page), tier});
}

void PageFetcher::Core::shutdown() {
  tasks_.close();
  tails_->close();
  std::vector<PageJob> dropped;
  {
    MutexLock lock(mutex_);
    dropped = queue_.take_all(objectstore::Purpose::demand);
    std::ranges::move(queue_.take_all(objectstore::Purpose::prefetch), std::back_inserter(dropped));
  }
  for (const PageJob& job : dropped) flights_.fail(job.request.key, job.flight, shutting_down());
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

}  // namespace seekfs::fetch
