// The lock, the queues and the timer around the gate's policy.
#include "objectstore/origin_gate.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "objectstore/latency_quantile.h"

namespace seekfs::objectstore {
namespace {

using Verdict = OriginGatePolicy::Verdict;
using Decision = OriginGatePolicy::Decision;

constexpr std::array<Purpose, 5> order = {Purpose::manifest, Purpose::demand, Purpose::hedge, Purpose::publish,
                                          Purpose::prefetch};

/// Re-arming the timer for less than this is not worth it.
constexpr env::Duration timer_slack = std::chrono::milliseconds(1);

Error origin_is_away(env::TimePoint until, env::TimePoint now) {
  Error error(ErrorCode::transient, "the object store gives nothing but failures; it is left alone for a while");
  error.retry_after = std::max(std::chrono::ceil<std::chrono::milliseconds>(until - now), std::chrono::milliseconds(1));
  return error;
}

struct Instruments {
  explicit Instruments(MetricsRegistry& metrics)
      : wait_seconds(metrics.histogram("seekfs_origin_budget_wait_seconds",
                                       "Time that requests to the object store waited for the budgets.")),
        limit(metrics.gauge("seekfs_origin_limit", "Requests to the object store that may be in flight.")),
        breaker_open(metrics.gauge("seekfs_origin_breaker_open",
                                   "1 while requests to the object store are refused because it is away.")),
        transient_retries(retries(metrics, "transient")),
        throttled_retries(retries(metrics, "throttled")),
        hedges(metrics.counter("seekfs_origin_hedges_total", "Second GETs sent because the first one was slow.")),
        throttled(metrics.counter("seekfs_origin_throttled_total", "Requests that the object store throttled.")) {}

  static Counter& retries(MetricsRegistry& metrics, std::string kind) {
    return metrics.counter("seekfs_origin_retries_total", "Requests to the object store that were tried again.",
                           {{"kind", std::move(kind)}});
  }

  Histogram& wait_seconds;
  Gauge& limit;
  Gauge& breaker_open;
  Counter& transient_retries;
  Counter& throttled_retries;
  Counter& hedges;
  Counter& throttled;
};

}  // namespace

/// Shared with the permits and the timer, so that these may come back late. One lock; grants are called without it.
/// Lock order: the gate, then the timers, which call back without theirs.
struct OriginGate::State : std::enable_shared_from_this<State> {
  State(const Limits& limits, async::Timers& timers_of_gate, MetricsRegistry& metrics)
      : timers(timers_of_gate), instruments(metrics), policy(limits, timers_of_gate.clock().now()) {
    MutexLock lock(mutex);
    show();
  }

  template <class G>
  struct Waiting {
    std::uint64_t ticket;
    env::TimePoint since;
    G grant;
  };
  template <class G>
  using Queues = std::array<std::deque<Waiting<G>>, order.size()>;  ///< by purpose
  struct Alarm {
    async::Timers::Id id;
    env::TimePoint at;
  };
  /// What is to be called, and with which decision; one of the two.
  struct Next {
    Decision decision;
    env::TimePoint now;
    Grant request;
    RetryGrant retry;
  };

  /// The ticket under which it waits; 0: it was called.
  std::uint64_t acquire(Purpose purpose, Grant grant);
  std::uint64_t acquire_retry(Purpose purpose, RetryGrant grant);
  /// Its caller has gone: it is not to take what others could use.
  void withdraw(Purpose purpose, std::uint64_t ticket);
  void withdraw_retry(Purpose purpose, std::uint64_t ticket);
  void give_back(std::uint64_t probe, bool unused);
  void report(OriginAnswer answer, env::TimePoint sent, RetryToken paid);
  void close();

  template <class G>
  std::uint64_t enqueue(Queues<G>& queues, Purpose purpose, G grant, env::TimePoint now) SEEKFS_REQUIRES(mutex);
  template <class G>
  std::optional<Waiting<G>> take_out(std::deque<Waiting<G>>& queue, std::uint64_t ticket) SEEKFS_REQUIRES(mutex);
  template <class G>
  G take_first(std::deque<Waiting<G>>& queue, const Decision& decision, env::TimePoint now) SEEKFS_REQUIRES(mutex);
  void pump();
  bool find_next(Next& next) SEEKFS_REQUIRES(mutex);
  void ring_at(env::TimePoint at) SEEKFS_REQUIRES(mutex);
  void show() SEEKFS_REQUIRES(mutex);
  Result<Permit> permit_of(const Decision& decision, env::TimePoint now);

  async::Timers& timers;
  Instruments instruments;

  mutable Mutex mutex;
  OriginGatePolicy policy SEEKFS_GUARDED_BY(mutex);
  LatencyQuantile first_bytes SEEKFS_GUARDED_BY(mutex);
  Queues<Grant> requests SEEKFS_GUARDED_BY(mutex);
  Queues<RetryGrant> retries SEEKFS_GUARDED_BY(mutex);
  std::size_t waiting SEEKFS_GUARDED_BY(mutex) = 0;  ///< in all queues
  std::uint64_t last_ticket SEEKFS_GUARDED_BY(mutex) = 0;
  /// A thread is calling grants: the others leave theirs to it, so that a grant that gives its permit back at once
  /// doesn't call the next one from within.
  bool pumping SEEKFS_GUARDED_BY(mutex) = false;
  bool closed SEEKFS_GUARDED_BY(mutex) = false;
  std::optional<Alarm> alarm SEEKFS_GUARDED_BY(mutex);
};

template <class G>
std::uint64_t OriginGate::State::enqueue(Queues<G>& queues, Purpose purpose, G grant, env::TimePoint now) {
  ++waiting;
  queues[static_cast<std::size_t>(purpose)].push_back({++last_ticket, now, std::move(grant)});
  return last_ticket;
}

template <class G>
std::optional<OriginGate::State::Waiting<G>> OriginGate::State::take_out(std::deque<Waiting<G>>& queue,
                                                                         std::uint64_t ticket) {
  const auto found = std::ranges::find(queue, ticket, &Waiting<G>::ticket);
  if (found == queue.end()) return std::nullopt;
  std::optional<Waiting<G>> taken(std::move(*found));
  queue.erase(found);
  --waiting;
  return taken;
}

template <class G>
G OriginGate::State::take_first(std::deque<Waiting<G>>& queue, const Decision& decision, env::TimePoint now) {
  if (decision.verdict == Verdict::pass) instruments.wait_seconds.observe(now - queue.front().since);
  G grant = std::move(queue.front().grant);
  queue.pop_front();
  --waiting;
  return grant;
}

std::uint64_t OriginGate::State::acquire(Purpose purpose, Grant grant) {
  const env::TimePoint now = timers.clock().now();
  std::uint64_t ticket = 0;
  bool others_wait = false;
  Decision decision{Verdict::full};
  {
    MutexLock lock(mutex);
    others_wait = waiting > 0;
    if (!others_wait) decision = policy.request(now);
    if (decision.verdict == Verdict::pass) instruments.wait_seconds.observe(env::Duration::zero());
    const bool must_wait = decision.verdict == Verdict::full || decision.verdict == Verdict::later;
    if (must_wait && purpose != Purpose::hedge) {
      ticket = enqueue(requests, purpose, std::exchange(grant, nullptr), now);
      if (decision.verdict == Verdict::later) ring_at(decision.at);
    }
  }
  if (ticket == 0) {
    grant(permit_of(decision, now));
  } else if (others_wait) {
    pump();
  }
  return ticket;
}

std::uint64_t OriginGate::State::acquire_retry(Purpose purpose, RetryGrant grant) {
  std::uint64_t ticket = 0;
  {
    MutexLock lock(mutex);
    ticket = enqueue(retries, purpose, std::move(grant), timers.clock().now());
  }
  pump();
  return ticket;
}

void OriginGate::State::withdraw(Purpose purpose, std::uint64_t ticket) {
  std::optional<Waiting<Grant>> dropped;
  MutexLock lock(mutex);
  dropped = take_out(requests[static_cast<std::size_t>(purpose)], ticket);
}

void OriginGate::State::withdraw_retry(Purpose purpose, std::uint64_t ticket) {
  std::optional<Waiting<RetryGrant>> dropped;
  MutexLock lock(mutex);
  dropped = take_out(retries[static_cast<std::size_t>(purpose)], ticket);
}

void OriginGate::State::pump() {
  {
    MutexLock lock(mutex);
    if (pumping) return;
    pumping = true;
  }
  while (true) {
    Next next{.decision = {Verdict::full}, .now = {}, .request = nullptr, .retry = nullptr};
    {
      MutexLock lock(mutex);
      pumping = find_next(next);
      if (!pumping) return;
    }
    if (next.request) {
      next.request(permit_of(next.decision, next.now));
    } else if (next.decision.verdict == Verdict::pass) {
      next.retry(Status());
    } else {
      next.retry(std::unexpected(origin_is_away(next.decision.at, next.now)));
    }
  }
}

/// The first in order that may go or must be refused.
bool OriginGate::State::find_next(Next& next) {
  if (waiting == 0) return false;
  next.now = timers.clock().now();
  bool full = false;
  for (const Purpose purpose : order) {
    if (auto& queue = retries[static_cast<std::size_t>(purpose)]; !queue.empty()) {
      next.decision = policy.retry(next.now);
      if (next.decision.verdict == Verdict::later) break;
      next.retry = take_first(queue, next.decision, next.now);
      return true;
    }
    if (auto& queue = requests[static_cast<std::size_t>(purpose)]; !queue.empty() && !full) {
      next.decision = policy.request(next.now);
      if (next.decision.verdict == Verdict::later) break;
      full = next.decision.verdict == Verdict::full;
      if (full) continue;
      next.request = take_first(queue, next.decision, next.now);
      return true;
    }
  }
  if (next.decision.verdict == Verdict::later) ring_at(next.decision.at);
  return false;
}

void OriginGate::State::ring_at(env::TimePoint at) {
  if (closed || (alarm && alarm->at <= at + timer_slack)) return;
  if (alarm) timers.cancel(alarm->id);
  const auto ring = [weak = weak_from_this()] {
    const std::shared_ptr<State> state = weak.lock();
    if (state == nullptr) return;
    {
      MutexLock lock(state->mutex);
      state->alarm.reset();
    }
    state->pump();
  };
  alarm = Alarm{timers.schedule(at, ring), at};
}

Result<OriginGate::Permit> OriginGate::State::permit_of(const Decision& decision, env::TimePoint now) {
  switch (decision.verdict) {
    case Verdict::pass: return Permit(shared_from_this(), decision.probe);
    case Verdict::refuse: return std::unexpected(origin_is_away(decision.at, now));
    case Verdict::full:
    case Verdict::later: break;
  }
  return fail(ErrorCode::throttled, "nothing is left of the object store's budget for a hedge, which doesn't wait");
}

void OriginGate::State::give_back(std::uint64_t probe, bool unused) {
  {
    MutexLock lock(mutex);
    policy.give_back(probe, unused);
    if (waiting == 0) return;
  }
  pump();
}

void OriginGate::State::report(OriginAnswer answer, env::TimePoint sent, RetryToken paid) {
  const env::TimePoint now = timers.clock().now();
  {
    MutexLock lock(mutex);
    policy.report(answer, sent, paid, now);
    show();
    if (answer == OriginAnswer::throttled) instruments.throttled.add();
    if (waiting == 0) return;
  }
  pump();
}

void OriginGate::State::show() {
  instruments.limit.set(static_cast<std::int64_t>(policy.limit()));
  instruments.breaker_open.set(policy.open() ? 1 : 0);
}

void OriginGate::State::close() {
  Queues<Grant> dropped;
  Queues<RetryGrant> dropped_retries;
  MutexLock lock(mutex);
  closed = true;
  waiting = 0;
  dropped.swap(requests);
  dropped_retries.swap(retries);
  if (alarm) timers.cancel(alarm->id);
}

OriginGate::OriginGate(Limits limits, async::Timers& timers, MetricsRegistry& metrics)
    : state_(std::make_shared<State>(limits, timers, metrics)) {}

OriginGate::~OriginGate() { state_->close(); }

void OriginGate::Permit::give_back(bool unused) {
  const std::shared_ptr<State> state = std::exchange(state_, nullptr);
  state->give_back(std::exchange(probe_, 0), unused);
}

void OriginGate::acquire(Purpose purpose, Grant grant) { state_->acquire(purpose, std::move(grant)); }

void OriginGate::acquire_retry(Purpose purpose, RetryGrant grant) { state_->acquire_retry(purpose, std::move(grant)); }

async::Task<OriginGate::Permit> OriginGate::wait(Purpose purpose, env::TimePoint deadline) {
  return wait(purpose, deadline, async::Promise<Permit>());
}

async::Task<OriginGate::Permit> OriginGate::wait(Purpose purpose, env::TimePoint deadline,
                                                 async::Promise<Permit> promise) {
  const std::shared_ptr<State> state = state_;
  const std::uint64_t ticket =
      state->acquire(purpose, [promise](Result<Permit> permit) { promise.set(std::move(permit)); });
  Result<Permit> permit =
      co_await promise.wait_until(state->timers, deadline, "the wait for the object store's budget");
  if (!permit) state->withdraw(purpose, ticket);
  co_return permit;
}

async::Task<void> OriginGate::wait_for_retry(Purpose purpose, env::TimePoint deadline) {
  const std::shared_ptr<State> state = state_;
  async::Promise<void> promise;
  const std::uint64_t ticket = state->acquire_retry(purpose, [promise](Status status) { promise.set(status); });
  Status status = co_await promise.wait_until(state->timers, deadline, "the wait for the object store's budget");
  if (!status && status.error().code == ErrorCode::timeout) state->withdraw_retry(purpose, ticket);
  co_return status;
}

std::optional<OriginGate::RetryToken> OriginGate::take_retry(RetryKind kind) {
  MutexLock lock(state_->mutex);
  const auto token = state_->policy.take_retry(kind);
  if (!token) return std::nullopt;
  (kind == RetryKind::throttled ? state_->instruments.throttled_retries : state_->instruments.transient_retries).add();
  return token;
}

void OriginGate::return_retry(RetryToken unused) {
  MutexLock lock(state_->mutex);
  state_->policy.return_retry(unused);
}

bool OriginGate::take_hedge() {
  const env::TimePoint now = state_->timers.clock().now();
  MutexLock lock(state_->mutex);
  // Nobody who waits is passed by a request whose bytes are on their way already.
  if (state_->waiting > 0 || !state_->policy.take_hedge(now)) return false;
  state_->instruments.hedges.add();
  return true;
}

std::optional<env::Duration> OriginGate::hedge_delay() const {
  MutexLock lock(state_->mutex);
  return state_->first_bytes.p95();
}

void OriginGate::observe_first_byte(env::Duration duration) {
  MutexLock lock(state_->mutex);
  state_->first_bytes.observe(duration);
}

void OriginGate::report(OriginAnswer answer, env::TimePoint sent, RetryToken paid) {
  state_->report(answer, sent, paid);
}

std::uint64_t OriginGate::in_flight() const {
  MutexLock lock(state_->mutex);
  return state_->policy.in_flight();
}

bool OriginGate::full() const {
  MutexLock lock(state_->mutex);
  return state_->policy.in_flight() >= state_->policy.limit();
}

bool OriginGate::has_waiters() const {
  MutexLock lock(state_->mutex);
  return state_->waiting > 0;
}

bool OriginGate::open() const {
  MutexLock lock(state_->mutex);
  return state_->policy.open();
}

}  // namespace seekfs::objectstore
