// One GET from its permit to its end: what it covers, its pages as they come, its failure.
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "fetch/get_sink.h"
#include "fetch/page_fetcher_core.h"
#include "fetch/run_on.h"
#include "fetch/verify.h"

namespace seekfs::fetch {

/// Takes away, at both ends, the pages whose last reader left before the GET was sent.
void PageFetcher::Core::withdraw_unwanted(PlannedGet& get) {
  const auto unwanted = [this](const PageJob& job) { return flights_.drop_if_unwanted(job.request.key, job.flight); };
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

/// Lets a GET for a reader go on over what is likely to be read next, as far as it is worth while: up to a page that is
/// cached or on its way, and not at all while memory or the object store is short. These pages have no memory yet.
void PageFetcher::Core::run_on(PlannedGet& get) {
  const PageJob& last = get.jobs.back();
  const std::shared_ptr<const PageSource> last_source = last.request.source;
  if (get.purpose != objectstore::Purpose::demand || last.second_try || last.alone) return;
  if (parts_.memory.waiting() > 0 || parts_.gate.has_waiters()) return;
  const cache::PrefetchOutcomes outcomes = parts_.l1.prefetch_outcomes(cache::PageCause::run_on);
  usefulness_.observe(outcomes.used + run_on_joined_.load(std::memory_order_relaxed), outcomes.unused);
  double density = 0;
  {
    MutexLock lock(mutex_);
    density = demand_.density(get.object.key, last.request.object_off(), parts_.timers.clock().now());
  }
  const RunOn run(options_.run_on, get.range.len, options_.planner.coalesce_max_bytes, usefulness_.probability(),
                  density);
  const Surroundings around{
      .is_free = [this](const PageRequest& page) { return !is_cached(page) && !flights_.contains(page.key); },
      .keep =
          [this](const PageRequest& page) {
            return !is_cached(page) && flights_.keep(page.key, FlightTable::Memory::when_it_comes);
          },
      .keep_with_memory = [this](const PageRequest& page) -> std::optional<MutablePage> {
        if (is_cached(page)) return std::nullopt;
        MutablePage buffer = try_allocate(page.key.len);
        if (!buffer || !flights_.keep(page.key)) return std::nullopt;
        return buffer;
      },
  };
  const std::uint64_t planned = get.range.len;
  metrics_.run_on_pages.add(extend(get, run, options_.run_on.lead_in_max_bytes, around));
  MutexLock lock(mutex_);
  queue_.charge_more(get.purpose, last_source->ns, get.range.len - planned);
}

/// What a GET brings on demand tells later GETs, not itself, how dense its region is.
void PageFetcher::Core::note_demand(const PlannedGet& get) {
  const env::TimePoint now = parts_.timers.clock().now();
  MutexLock lock(mutex_);
  for (const PageJob& job : get.jobs) {
    if (job.purpose != objectstore::Purpose::demand || job.second_try || job.alone) continue;
    demand_.note(get.object.key, job.request.object_off(), job.request.key.len, now);
  }
}

bool PageFetcher::Core::is_cached(const PageRequest& request) const {
  return parts_.l1.contains(request.key) ||
         (parts_.l2.enabled() && parts_.l2.may_contain(request.key, facts_of(request)));
}

/// Pages that a GET did not bring because it ended early, and that somebody waits for: whoever joined one without
/// memory left its own with the flight.
void PageFetcher::Core::ask_again(std::vector<PageJob> jobs) {
  std::vector<PageJob> wanted;
  for (PageJob& job : jobs) {
    if (flights_.leave_to_other(job.request.key, job.flight)) continue;
    if (!job.buffer) job.buffer = flights_.take_buffer(job.request.key);
    if (!job.buffer) {
      flights_.fail(job.request.key, job.flight, Error(ErrorCode::exhausted, "there is no memory for a page"));
      continue;
    }
    wanted.push_back(std::move(job));
  }
  if (!wanted.empty()) enqueue(std::move(wanted));
}

/// From here on, readers who join a page of the GET find it.
void PageFetcher::Core::board(PlannedGet& get, const std::shared_ptr<GetProgress>& progress) {
  FlightTable::Ride ride{.get = progress, .lone = get.jobs.size() == 1};
  for (PageJob& job : get.jobs) {
    ride.end += job.request.key.len;
    const std::uint64_t flight = flights_.board(job.request.key, ride, job.flight);
    if (job.flight == 0) job.flight = flight;
    ++ride.index;
  }
}

/// A GET has run out of time: who joined it late had no time of its own. Those pages are asked for by themselves, once.
std::vector<PageJob> PageFetcher::Core::give_own_time(std::vector<PageJob> missing) {
  std::vector<PageJob> failed;
  std::vector<PageJob> again;
  for (PageJob& job : missing) {
    const bool retried = !job.alone && flights_.joined_late(job.request.key, job.flight);
    if (retried) {
      job.alone = true;
      job.purpose = objectstore::Purpose::demand;
    }
    (retried ? again : failed).push_back(std::move(job));
  }
  ask_again(std::move(again));
  return failed;
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
  run_on(get);
  note_demand(get);
  std::unique_ptr<TailControl::Get> tail =
      tails_->begin(std::hash<std::string>()(get.object.key), get.purpose == objectstore::Purpose::demand);
  const auto progress = std::make_shared<GetProgress>(parts_.timers.clock(), tail->id());
  board(get, progress);
  GetSink sink(
      std::move(get.jobs), flights_, [this](PageJob job) { on_page(std::move(job)); },
      [this](std::uint32_t length) { return try_allocate(length); }, tail.get(), progress);
  const objectstore::RequestOptions options{
      .purpose = get.purpose,
      .deadline = parts_.timers.clock().now() + options_.get_timeout,
  };
  const auto reply = co_await parts_.store.get(get.object, get.range, sink, options);
  tail.reset();
  // Their memory goes back before the task ends: the budget may not outlive it.
  std::vector<PageJob> missing = sink.take_missing();
  if (!reply && reply.error().code == ErrorCode::timeout) missing = give_own_time(std::move(missing));
  if (reply && sink.ended_early()) {
    ask_again(std::move(missing));
  } else if (!missing.empty()) {
    Error error = reply ? Error(ErrorCode::precondition_failed,
                                fmt::format("the object ends at byte {}, before the range [{}, {})", reply->size,
                                            get.range.off, get.range.off + get.range.len))
                        : reply.error();
    const auto failure = co_await explain_failure(get, std::move(error));
    for (const PageJob& job : missing) {
      flights_.fail(job.request.key, job.flight, origin_error(*failure, *job.request.source));
    }
    missing.clear();
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
  if (!flights_.contains(job.request.key)) return;  // another GET was quicker
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
  if (job.run_on && flights_.drop_if_nobody_waits(request.key, job.flight)) return;  // who wants it will ask for it
  if (flights_.leave_to_other(request.key, job.flight)) return;
  if (!job.second_try) {
    job.second_try = true;
    std::vector<PageJob> again;
    again.push_back(std::move(job));
    enqueue(std::move(again));
    return;
  }
  flights_.fail(
      request.key, job.flight,
      Error(ErrorCode::origin_corrupt,
            fmt::format("{}/{}: page {} of object {} does not have the CRC32C that the manifest gives, on two "
                        "requests; the object is damaged: publish the file again",
                        request.source->ns, request.source->path, request.key.page_id, request.source->object.key)));
}

}  // namespace seekfs::fetch
