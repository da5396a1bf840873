// What becomes of a hint's pages: counted, tried again after a pause, or told as an error of their item; and its end.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reader/hint_prefetcher.h"

namespace seekfs::reader {
namespace {

/// L2 that takes none of so many pages is too busy, or off.
constexpr std::uint64_t patience_with_l2 = 32;
constexpr std::uint64_t patience_with_l2_in_all = 10 * patience_with_l2;
/// Passes over a hint, the first included: pages that L2 was too busy for are fetched again.
constexpr int most_passes = 10;

bool may_pass_by_itself(ErrorCode code) noexcept {
  return code == ErrorCode::origin_unavailable || code == ErrorCode::throttled || code == ErrorCode::timeout ||
         code == ErrorCode::exhausted || code == ErrorCode::transient;
}

}  // namespace

void HintPrefetcher::note_page(OnItsWay& page, fetch::PageTier tier) {
  backoff_ = first_backoff;
  probing_ = false;
  const std::uint32_t bytes = page.request.key.len;
  const bool fetched = tier == fetch::PageTier::origin;
  const bool first_pass = page.walk->pass == 1;
  (fetched ? metrics_.fetched : metrics_.cached).add();
  if (fetched) metrics_.fetched_bytes.add(bytes);
  page.walk->record->update([&](HintStatus& status) {
    status.state = HintState::running;
    status.detail.clear();
    if (first_pass) {
      ++status.resident.pages;
      status.resident.bytes += bytes;
    }
    if (fetched) {
      ++status.fetched.pages;
      status.fetched.bytes += bytes;
    }
  });
  if (fetched && parts_.l2.enabled()) check_kept(page);
}

/// L2 drops what it has no time for. That slows prefetching down; and when it takes nothing at all, it ends.
void HintPrefetcher::check_kept(OnItsWay& page) {
  Walk& walk = *page.walk;
  if (page.for_l1 || in_l2(page.request)) {
    walk.not_kept_in_a_row = 0;
    return;
  }
  if (++walk.not_kept_in_a_row % patience_with_l2 != 0) return;
  pause("L2 does not keep pages: it is busy or switched off (seekfs-ctl cache stat)", {});
  if (walk.not_kept_in_a_row < patience_with_l2_in_all) return;
  give_up_rest(walk, HintState::stopped,
               "L2 does not keep pages: seekfs-ctl cache stat says which directory is off and why");
}

void HintPrefetcher::note_error(OnItsWay& page, const Error& error) {
  Walk& walk = *page.walk;
  if (page.for_l1) walk.record->return_l1(MutablePage::charge(page.request.key.len));
  if (error.code == ErrorCode::cancelled) return;  // the fetcher is shutting down
  if (may_pass_by_itself(error.code)) {
    walk.fetched_bytes -= std::min<std::uint64_t>(walk.fetched_bytes, page.request.key.len);
    walk.again.push_back(std::move(page.place));
    return pause(error.message, error.retry_after);
  }
  metrics_.failed.add();
  const bool first_pass = walk.pass == 1;
  walk.record->update([&](HintStatus& status) {
    if (first_pass) {
      ++status.failed.pages;
      status.failed.bytes += page.request.key.len;
    }
    add_error(status, {page.place.window, page.request.source->path, error.code, error.message});
  });
  if (error.code != ErrorCode::origin_denied) return;
  // It would refuse every other page, too.
  give_up_rest(walk, HintState::failed, error.message);
}

/// All hints, since they ask the same origin. Failures of requests that were under way together are one reason.
void HintPrefetcher::pause(std::string_view why, std::optional<env::Duration> at_least) {
  const env::TimePoint now = parts_.timers.clock().now();
  probing_ = true;
  for (const auto& walk : walks_) {
    if (!walk->counted) continue;
    walk->record->update([why](HintStatus& status) {
      status.state = HintState::paused;
      status.detail = why;
    });
  }
  if (now < paused_until_) return;
  const auto jitter =
      static_cast<env::Duration::rep>(parts_.random.below(static_cast<std::uint64_t>(backoff_.count() / 2)));
  const env::Duration wait = backoff_ / 2 + env::Duration(jitter);
  paused_until_ = now + std::max(wait, at_least.value_or(env::Duration::zero()));
  backoff_ = std::min(2 * backoff_, longest_backoff);
}

bool HintPrefetcher::any_drained() const {
  return std::ranges::any_of(walks_, [](const auto& walk) { return walk->drained(); });
}

/// Ends what was cancelled, and goes on with one of the others: the first, as in fill().
void HintPrefetcher::settle_drained() {
  Walk* first = nullptr;
  for (std::size_t i = walks_.size(); i > 0; --i) {
    Walk& walk = *walks_[i - 1];
    if (!walk.drained()) continue;
    if (walk.record->ended()) {
      end(walk, HintState::cancelled, "");
    } else if (first == nullptr || walk.record->goes_before(*first->record)) {
      first = &walk;
    }
  }
  if (first == nullptr || !finish_survey(*first)) return;
  const HintAmount resident = first->survey->resident;
  first->survey.reset();
  settle(*first, resident);
}

/// False when there is more to look at.
bool HintPrefetcher::finish_survey(Walk& walk) {
  if (!walk.survey) {
    walk.survey.emplace(Survey{.cursor = HintCursor(walk.record->work.version, walk.record->work.windows),
                               .span = {},
                               .reader = {},
                               .resident = {}});
  }
  Survey& survey = *walk.survey;
  for (std::size_t steps = 0; steps < steps_in_a_row; ++steps) {
    if (survey.next_in_span == survey.span.count) {
      survey.reader.reset();
      survey.span.count = survey.next_in_span = 0;
      const HintCursor::Step step = survey.cursor.next(survey.span, {});
      if (step == HintCursor::Step::end) return true;
      if (step == HintCursor::Step::span) survey.reader.emplace(survey.span.file);
      continue;
    }
    const std::uint32_t id = survey.span.first + survey.next_in_span++;
    const manifest::Page page = survey.span.file.manifest().page(survey.span.file.index(), id);
    if (!is_resident(survey.reader->request(id, page))) continue;
    ++survey.resident.pages;
    survey.resident.bytes += page.len;
  }
  return false;
}

/// All was looked at: begins anew when it was too much for L2 at a time.
void HintPrefetcher::settle(Walk& walk, const HintAmount& resident) {
  HintAmount missing;
  walk.record->update([&](HintStatus& status) {
    status.resident = resident;
    status.failed.pages = std::min(status.failed.pages, status.wanted.pages - resident.pages);
    status.failed.bytes = std::min(status.failed.bytes, status.wanted.bytes - resident.bytes);
    missing = {status.wanted.pages - resident.pages - status.failed.pages,
               status.wanted.bytes - resident.bytes - status.failed.bytes};
  });
  const bool shrinks = walk.pass == 1 || missing.pages < walk.missing_before;
  if (walk.final_state == HintState::done && missing.pages > 0 && shrinks && walk.pass < most_passes) {
    return begin_another_pass(walk, missing.pages);
  }
  if (walk.final_state == HintState::done && missing.pages > 0) {
    walk.final_detail =
        fmt::format("{} pages, {} bytes, are in no cache any more: they were driven out, or L2 did not keep up",
                    missing.pages, missing.bytes);
  }
  end(walk, walk.final_state, walk.final_detail);
}

void HintPrefetcher::begin_another_pass(Walk& walk, std::uint64_t missing) {
  walk.cursor = HintCursor(walk.record->work.version, walk.record->work.windows);
  walk.at_end = false;
  walk.missing_before = missing;
  ++walk.pass;
}

/// The walk is gone behind this. Without effect on the state of a record that has ended already.
void HintPrefetcher::end(Walk& walk, HintState state, std::string detail) {
  const Record record = walk.record;
  std::erase_if(walks_, [&walk](const auto& each) { return each.get() == &walk; });
  record->update([&](HintStatus& status) {
    status.state = state;
    status.detail = std::move(detail);
  });
  record->work = {};
  metrics_.active.add(-1);
  on_end_(*record);
}

bool HintPrefetcher::in_l2(const fetch::PageRequest& request) const {
  const fetch::PageSource& source = *request.source;
  return parts_.l2.enabled() &&
         parts_.l2.may_contain(request.key,
                               {.crc32c = request.crc32c, .ns = source.ns, .path = source.path, .hash = source.hash});
}

bool HintPrefetcher::is_resident(const fetch::PageRequest& request) const {
  return parts_.l1.contains(request.key) || in_l2(request);
}

}  // namespace seekfs::reader
