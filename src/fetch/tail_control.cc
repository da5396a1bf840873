// Bookkeeping of paused bodies; they are resumed after the lock was given back.
#include "fetch/tail_control.h"

namespace seekfs::fetch {

TailControl::TailControl(TailLimits limits, async::Timers& timers, MetricsRegistry& metrics)
    : timers_(timers),
      paused_transfers_(metrics.gauge("seekfs_origin_paused_transfers",
                                      "GETs whose tail is paused while readers wait for the bytes of others.")),
      pauses_(metrics.counter("seekfs_origin_pauses_total", "Pauses of a GET whose tail yielded to readers.")),
      raises_(metrics.counter("seekfs_origin_raises_total",
                              "Pauses that ended because a reader asked for a page of the GET.")),
      ended_(metrics.counter("seekfs_origin_tails_ended_total",
                             "GETs that ended before their last page so that a reader's could be sent.")),
      policy_(limits) {}

TailControl::~TailControl() {
  MutexLock lock(mutex_);
  timers_.cancel(timer_);
}

std::unique_ptr<TailControl::Get> TailControl::begin(std::uint64_t object, bool wanted) {
  MutexLock lock(mutex_);
  return std::unique_ptr<Get>(new Get(shared_from_this(), policy_.begin(object, wanted)));
}

void TailControl::end(TailPolicy::Id id) {
  Bodies due;
  {
    MutexLock lock(mutex_);
    forget_pause(id);
    policy_.end(id);
    due = take_due();
  }
  resume(due);
}

void TailControl::page_done(TailPolicy::Id id, bool wanted) {
  Bodies due;
  {
    MutexLock lock(mutex_);
    policy_.page_done(id, wanted);
    due = take_due();
  }
  resume(due);
}

TailPolicy::Step TailControl::next_page(TailPolicy::Id id, TailPolicy::NextPage page,
                                        const std::weak_ptr<objectstore::PausedBody>& body) {
  Bodies due;
  TailPolicy::Step step = TailPolicy::Step::run;
  {
    MutexLock lock(mutex_);
    step = policy_.next_page(id, page, timers_.clock().now());
    if (step == TailPolicy::Step::end) ended_.add();
    if (step != TailPolicy::Step::pause) {
      forget_pause(id);
    } else if (paused_.insert_or_assign(id, body).second) {  // another try has another body
      pauses_.add();
      paused_transfers_.add(1);
      paused_count_.fetch_add(1, std::memory_order_relaxed);
    }
    due = take_due();
  }
  resume(due);
  return step;
}

void TailControl::joined(TailPolicy::Id id) {
  // The reader has told the GET by now (GetProgress), and whoever pauses looks there after it has counted itself here:
  // one of the two sees the other.
  if (paused_count_.load(std::memory_order_relaxed) == 0) return;
  Bodies due;
  {
    MutexLock lock(mutex_);
    if (!paused_.contains(id)) return;
    policy_.raise(id);
    raises_.add();
    due = take_due();
  }
  resume(due);
}

void TailControl::permit_wanted() {
  Bodies due;
  {
    MutexLock lock(mutex_);
    policy_.permit_wanted();
    due = take_due();
  }
  resume(due);
}

void TailControl::permit_granted() {
  MutexLock lock(mutex_);
  policy_.permit_granted();
}

void TailControl::close() {
  Bodies due;
  {
    MutexLock lock(mutex_);
    policy_.close();
    due = take_due();
  }
  resume(due);
}

void TailControl::look_again() {
  Bodies due;
  {
    MutexLock lock(mutex_);
    rings_at_ = env::TimePoint::max();
    due = take_due();
  }
  resume(due);
}

void TailControl::forget_pause(TailPolicy::Id id) {
  if (paused_.erase(id) == 0) return;
  paused_transfers_.add(-1);
  paused_count_.fetch_sub(1, std::memory_order_relaxed);
}

TailControl::Bodies TailControl::take_due() {
  Bodies bodies;
  if (paused_.empty()) return bodies;
  for (const TailPolicy::Id id : policy_.due(timers_.clock().now())) bodies.push_back(paused_.at(id));
  if (const auto next = policy_.next_due()) ring_at(*next);
  return bodies;
}

/// A timer that comes too early costs a look.
void TailControl::ring_at(env::TimePoint when) {
  if (when >= rings_at_) return;
  timers_.cancel(timer_);
  rings_at_ = when;
  timer_ = timers_.schedule(when, [weak = weak_from_this()] {
    if (const auto control = weak.lock()) control->look_again();
  });
}

void TailControl::resume(const Bodies& bodies) {
  for (const auto& each : bodies) {
    if (const auto body = each.lock()) body->resume();
  }
}

}  // namespace seekfs::fetch
