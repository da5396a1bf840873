// A ladder of reasons to go on, to end, to wait.
#include "fetch/tail_policy.h"

#include <algorithm>

namespace seekfs::fetch {

TailPolicy::Id TailPolicy::begin(std::uint64_t object, bool wanted) {
  gets_.emplace(++last_id_, Get{.object = object, .wanted = wanted});
  return last_id_;
}

void TailPolicy::end(Id id) {
  gets_.erase(id);
  if (ender_ == id) ender_.reset();
}

void TailPolicy::permit_granted() noexcept {
  permit_wanted_ = false;
  ender_.reset();
}

void TailPolicy::page_done(Id id, bool wanted) {
  Get& get = gets_.at(id);
  get.started = true;
  get.useful = true;
  get.wanted = wanted;
}

void TailPolicy::raise(Id id) {
  const auto found = gets_.find(id);
  if (found != gets_.end()) found->second.wanted = true;
}

bool TailPolicy::has_patience(const Get& get, env::TimePoint now) const {
  const env::Duration pause = get.paused_at ? now - *get.paused_at : env::Duration::zero();
  return pause < limits_.longest_pause && get.paused_before + pause < limits_.longest_in_all;
}

bool TailPolicy::may_run(const Get& tail) const {
  bool readers_wait = false;
  std::size_t beside = 0;
  for (const auto& [id, other] : gets_) {
    if (&other == &tail) continue;
    if (!other.wanted) {
      if (other.started && (!other.paused_at || other.named)) ++beside;
      continue;
    }
    if (!tail.speculative && other.object == tail.object) continue;
    if (other.started) return false;
    readers_wait = true;
  }
  return !readers_wait || beside < limits_.beside_first_bytes;
}

TailPolicy::Step TailPolicy::decide(const Get& get, env::TimePoint now) {
  if (get.wanted) return Step::run;
  if (closed_) return Step::end;
  if (permit_wanted_) {
    if (!get.useful) return Step::run;
    permit_granted();
    return Step::end;
  }
  if (!limits_.yields || !has_patience(get, now) || may_run(get)) return Step::run;
  return Step::pause;
}

TailPolicy::Step TailPolicy::next_page(Id id, NextPage page, env::TimePoint now) {
  Get& get = gets_.at(id);
  get.started = true;
  get.wanted = page.wanted;
  get.speculative = page.speculative;
  get.named = false;
  if (page.wanted && ender_ == id) ender_.reset();
  const Step step = decide(get, now);
  if (step == Step::pause) {
    if (!get.paused_at) get.paused_at = now;
  } else if (get.paused_at) {
    get.paused_before += now - *get.paused_at;
    get.paused_at.reset();
  }
  return step;
}

std::vector<TailPolicy::Id> TailPolicy::due(env::TimePoint now) {
  std::vector<std::pair<env::TimePoint, Id>> paused;
  for (const auto& [id, get] : gets_) {
    if (get.paused_at && !get.named) paused.emplace_back(*get.paused_at, id);
  }
  std::ranges::sort(paused);
  std::vector<Id> named;
  for (const auto& [since, id] : paused) {
    Get& get = gets_.at(id);
    if (permit_wanted_ && !ender_ && !get.wanted) ender_ = id;
    if (!closed_ && ender_ != id && !get.wanted && has_patience(get, now) && !may_run(get)) continue;
    get.named = true;
    named.push_back(id);
  }
  return named;
}

std::optional<env::TimePoint> TailPolicy::next_due() const {
  std::optional<env::TimePoint> next;
  for (const auto& [id, get] : gets_) {
    if (!get.paused_at || get.named) continue;
    const env::TimePoint at =
        *get.paused_at + std::min(limits_.longest_pause, limits_.longest_in_all - get.paused_before);
    if (!next || at < *next) next = at;
  }
  return next;
}

}  // namespace seekfs::fetch
