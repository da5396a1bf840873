// The window: filled from the hint that goes first, emptied in the order in which it was filled.
#include "reader/hint_prefetcher.h"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace seekfs::reader {

using fetch::PageTier;
using std::chrono::milliseconds;

namespace {

constexpr env::Duration memory_pause = milliseconds(100);
}  // namespace

HintPrefetcher::HintPrefetcher(HintsParts parts, const HintsOptions& options, std::function<void(HintRecord&)> on_end)
    : parts_(parts),
      options_(options),
      window_bytes_(std::min(options.window_bytes, parts.memory.total() / 8)),
      metrics_(parts.metrics),
      on_end_(std::move(on_end)) {}

void HintPrefetcher::add(Record record) {
  metrics_.active.add(1);
  {
    MutexLock lock(mutex_);
    incoming_.push_back(std::move(record));
  }
  boost::asio::post(parts_.background.executor(), [self = shared_from_this()] { self->wake(); });
}

void HintPrefetcher::look_again() {
  boost::asio::post(parts_.background.executor(), [self = shared_from_this()] {
    for (OnItsWay& page : self->window_) {
      if (page.walk->record->ended()) page.ticket.cancel();
    }
    self->wake();
  });
}

void HintPrefetcher::stop() {
  boost::asio::post(parts_.background.executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    for (OnItsWay& page : self->window_) page.ticket.cancel();
    self->wake();
  });
}

void HintPrefetcher::wake() {
  woken_ = true;
  if (sleeping_) sleeping_->set({});
}

/// No part of a round is longer than steps_in_a_row, so that a hint that has come or a page that has arrived waits for
/// no long list of another hint.
async::Task<void> HintPrefetcher::run() {
  const auto self = shared_from_this();
  while (!stopping_) {
    take_incoming();
    while (!window_.empty() && window_.front().ticket.ready()) arrived(window_.front().ticket.take());
    settle_drained();
    const bool has_room = on_their_way_bytes_ <= window_bytes_ / 2 && window_.size() <= options_.window_pages / 2;
    const bool unfinished = has_room && fill();
    if (unfinished || any_drained()) {
      SEEKFS_CO_TRY(co_await give_way());
    } else if (window_.empty()) {
      SEEKFS_CO_TRY(co_await sleep());
    } else {
      arrived(co_await window_.front().ticket.wait());
    }
  }
  take_incoming();
  window_.clear();
  while (!walks_.empty()) end(*walks_.back(), HintState::cancelled, "the daemon is shutting down");
  co_return Status{};
}

void HintPrefetcher::take_incoming() {
  std::vector<Record> records;
  {
    MutexLock lock(mutex_);
    records.swap(incoming_);
  }
  for (Record& record : records) walks_.push_back(std::make_unique<Walk>(std::move(record)));
}

HintPrefetcher::Walk* HintPrefetcher::first_that_offers() {
  Walk* first = nullptr;
  for (const auto& walk : walks_) {
    if (walk->offers() && (first == nullptr || walk->record->goes_before(*first->record))) first = walk.get();
  }
  return first;
}

bool HintPrefetcher::window_has_room(const Batch& batch) const {
  const std::size_t pages = window_.size() + batch.pages.size();
  if (pages == 0) return true;
  return !probing_ && pages < options_.window_pages && on_their_way_bytes_ + batch.bytes < window_bytes_;
}

/// True when it has not come to its end: others have their turn first.
bool HintPrefetcher::fill() {
  no_memory_ = false;
  if (parts_.timers.clock().now() < paused_until_) return false;
  Batch batch;
  std::size_t steps = 0;
  while (steps < steps_in_a_row && window_has_room(batch)) {
    Walk* const walk = first_that_offers();
    if (walk == nullptr) break;
    if (!walk->counted) {
      count(*walk, steps);
      continue;
    }
    ++steps;
    no_memory_ = offer_next(*walk, batch) == Offer::no_memory;
    if (no_memory_) break;
  }
  if (no_memory_ && window_.empty() && batch.pages.empty()) {
    for (const auto& walk : walks_) {
      walk->record->update([](HintStatus& status) {
        status.state = HintState::paused;
        status.detail = "the node's memory is in use; prefetching goes on when some of it is free";
      });
    }
  }
  if (!batch.pages.empty()) start(std::move(batch));
  return steps >= steps_in_a_row;
}

void HintPrefetcher::start(Batch batch) {
  auto tickets = parts_.fetcher.start(std::move(batch.pages), parts_.background.executor());
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    OnItsWay& page = batch.places[i];
    page.ticket = std::move(tickets[i]);
    ++page.walk->on_their_way;
    on_their_way_bytes_ += page.request.key.len;
    window_.push_back(std::move(page));
  }
}

/// The next page of the hint, or one step towards it.
HintPrefetcher::Offer HintPrefetcher::offer_next(Walk& walk, Batch& batch) {
  if (!walk.again.empty()) {
    const Place place = walk.again.front();
    PageReader reader(place.file);
    auto request = reader.request(place.page_id, place.file.manifest().page(place.file.index(), place.page_id));
    const Offer offered = offer(walk, place, std::move(request), batch);
    if (offered != Offer::no_memory && !walk.again.empty()) walk.again.pop_front();
    return offered;
  }
  if (walk.next_in_span == walk.span.count) {
    walk.reader.reset();
    walk.span.count = walk.next_in_span = 0;
    const HintCursor::Step step = walk.cursor.next(walk.span, {});
    walk.at_end = step == HintCursor::Step::end;
    if (step == HintCursor::Step::span) walk.reader.emplace(walk.span.file);
    return Offer::passed;
  }
  const Place place{walk.span.window, walk.span.file, walk.span.first + walk.next_in_span};
  auto request = walk.reader->request(place.page_id, place.file.manifest().page(place.file.index(), place.page_id));
  const Offer offered = offer(walk, place, std::move(request), batch);
  if (offered != Offer::no_memory && walk.next_in_span < walk.span.count) ++walk.next_in_span;
  return offered;
}

HintPrefetcher::Offer HintPrefetcher::offer(Walk& walk, const Place& place, fetch::PageRequest request, Batch& batch) {
  const manifest::PageKey key = request.key;
  const auto cached = [&] {
    metrics_.cached.add();
    walk.record->update([&key](HintStatus& status) {
      ++status.resident.pages;
      status.resident.bytes += key.len;
    });
    return Offer::passed;
  };
  const std::uint64_t charge = MutablePage::charge(key.len);
  if (parts_.l1.contains(key)) return walk.pass == 1 ? cached() : Offer::passed;
  const bool on_disk = in_l2(request);
  if (on_disk && walk.pass > 1) return Offer::passed;
  if (!parts_.memory.try_reserve(cache::MemoryUse::pages, charge)) return on_disk ? cached() : Offer::no_memory;
  const bool for_l1 = walk.record->take_l1(charge);
  const bool wanted = on_disk ? for_l1 : has_room_for(walk, key, for_l1);
  MutablePage buffer = wanted ? MutablePage::allocate(key.len, &parts_.memory.page_memory()) : MutablePage();
  if (!buffer) {
    parts_.memory.release(cache::MemoryUse::pages, charge);
    if (for_l1) walk.record->return_l1(charge);
    if (on_disk) return cached();
    return wanted ? Offer::no_memory : Offer::passed;
  }
  batch.bytes += key.len;
  batch.pages.push_back({.request = request,
                         .buffer = std::move(buffer),
                         .purpose = objectstore::Purpose::prefetch,
                         .keep_in_l1 = for_l1});
  batch.places.push_back(
      {.walk = &walk, .place = place, .request = std::move(request), .for_l1 = for_l1, .ticket = {}});
  return Offer::taken;
}

/// Whether a page that no cache holds may be fetched; if not, the hint ends there.
bool HintPrefetcher::has_room_for(Walk& walk, const manifest::PageKey& key, bool for_l1) {
  if (!parts_.l2.enabled()) {
    if (for_l1) return true;
    give_up_rest(walk, HintState::stopped,
                 fmt::format("there is no L2, and hints have used their {} % of L1: enlarge cache.l1_memory, configure "
                             "cache.l2, or cancel hints that are not needed any more",
                             options_.l1_share_percent));
    return false;
  }
  const std::uint64_t capacity = parts_.l2.stats().capacity_bytes;
  if (walk.fetched_bytes + key.len > capacity) {
    give_up_rest(walk, HintState::stopped,
                 fmt::format("it has fetched as much as L2 can hold, {} bytes: enlarge cache.l2.capacity", capacity));
    return false;
  }
  walk.fetched_bytes += key.len;
  return true;
}

void HintPrefetcher::give_up_rest(Walk& walk, HintState state, std::string detail) {
  walk.final_state = state;
  walk.final_detail = std::move(detail);
  walk.at_end = true;
  walk.again.clear();
  walk.next_in_span = walk.span.count = 0;
}

void HintPrefetcher::count(Walk& walk, std::size_t& steps) {
  walk.record->update([](HintStatus& status) { status.state = HintState::running; });
  const auto on_error = [&walk](HintItemError error) {
    walk.record->update([&error](HintStatus& status) { add_error(status, std::move(error)); });
  };
  if (!walk.counting) walk.counting.emplace(walk.record->work.version, walk.record->work.windows);
  HintSpan span;
  for (; steps < steps_in_a_row; ++steps) {
    const HintCursor::Step step = walk.counting->next(span, on_error);
    if (step == HintCursor::Step::end) {
      walk.counting.reset();
      walk.counted = true;
      walk.record->update([](HintStatus& status) { status.counted = true; });
      return;
    }
    if (step != HintCursor::Step::span) continue;
    walk.record->update([&span](HintStatus& status) {
      status.wanted.pages += span.count;
      status.wanted.bytes += span.bytes();
    });
  }
}

void HintPrefetcher::arrived(Result<fetch::PageArrival> arrival) {
  OnItsWay page = std::move(window_.front());
  window_.pop_front();
  on_their_way_bytes_ -= page.request.key.len;
  --page.walk->on_their_way;
  if (page.walk->record->ended()) return;
  if (!arrival) return note_error(page, arrival.error());
  note_page(page, arrival->tier);
}

async::Task<void> HintPrefetcher::give_way() {
  const auto executor = co_await boost::asio::this_coro::executor;
  co_await boost::asio::post(executor, boost::asio::use_awaitable_t<async::Executor>());
  co_return Status{};
}

/// Until something may have changed: a hint came or went, a pause is over, or there may be memory again.
async::Task<void> HintPrefetcher::sleep() {
  const env::TimePoint now = parts_.timers.clock().now();
  const bool offers = first_that_offers() != nullptr;
  const bool paused = now < paused_until_;
  const bool goes_on = offers && !paused && !no_memory_;
  if (!woken_ && !goes_on) {
    const env::TimePoint until = !offers ? env::TimePoint::max() : paused ? paused_until_ : now + memory_pause;
    sleeping_.emplace();
    if (until == env::TimePoint::max()) {
      (void)co_await sleeping_->wait();
    } else {
      (void)co_await sleeping_->wait_until(parts_.timers, until, "a pause of prefetching");
    }
    sleeping_.reset();
  }
  woken_ = false;
  co_return Status{};
}

}  // namespace seekfs::reader
