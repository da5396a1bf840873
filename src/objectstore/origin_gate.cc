// The token bucket, the count in flight and the queues behind them.
#include "objectstore/origin_gate.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"

namespace seekfs::objectstore {
namespace {

constexpr std::array<Purpose, 5> order = {Purpose::manifest, Purpose::demand, Purpose::hedge, Purpose::publish,
                                          Purpose::prefetch};

constexpr std::uint32_t retry_capacity = 500;

struct Waiting {
  OriginGate::Grant grant;
  env::TimePoint since;
};

/// Fills with the clock; one token is one request.
class TokenBucket {
 public:
  TokenBucket(std::uint64_t per_second, env::TimePoint now)
      : per_second_(static_cast<double>(per_second)),
        burst_(std::max(1.0, per_second_ / 10)),
        tokens_(burst_),
        at_(now) {}

  bool unlimited() const { return per_second_ == 0; }

  bool take(env::TimePoint now) {
    if (unlimited()) return true;
    tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - at_).count() * per_second_);
    at_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  void put_back() { tokens_ = std::min(burst_, tokens_ + 1); }

  /// When the next token will be there; after a take() that failed.
  env::TimePoint next() const {
    const std::chrono::duration<double> wait((1 - tokens_) / per_second_);
    return at_ + std::chrono::duration_cast<env::Duration>(wait) + std::chrono::microseconds(1);
  }

 private:
  double per_second_;
  double burst_;
  double tokens_;
  env::TimePoint at_;
};

}  // namespace

struct OriginGate::State {
  State(Limits given, async::Timers& timers_of_gate, MetricsRegistry& metrics)
      : limits(given),
        timers(timers_of_gate),
        wait_seconds(metrics.histogram("seekfs_origin_budget_wait_seconds",
                                       "Time that requests to the object store waited for the budgets.")),
        bucket(given.requests_per_second, timers_of_gate.clock().now()) {}

  const Limits limits;
  async::Timers& timers;
  Histogram& wait_seconds;

  mutable Mutex mutex;
  TokenBucket bucket SEEKFS_GUARDED_BY(mutex);
  std::uint64_t in_flight SEEKFS_GUARDED_BY(mutex) = 0;
  std::array<std::deque<Waiting>, order.size()> queues SEEKFS_GUARDED_BY(mutex);
  std::uint32_t retry_tokens SEEKFS_GUARDED_BY(mutex) = retry_capacity;
  std::optional<async::Timers::Id> timer SEEKFS_GUARDED_BY(mutex);

  std::deque<Waiting>* first_queue() SEEKFS_REQUIRES(mutex) {
    for (const Purpose purpose : order) {
      auto& queue = queues[static_cast<std::size_t>(purpose)];
      if (!queue.empty()) return &queue;
    }
    return nullptr;
  }
};

OriginGate::OriginGate(Limits limits, async::Timers& timers, MetricsRegistry& metrics)
    : state_(std::make_unique<State>(limits, timers, metrics)) {}

OriginGate::~OriginGate() {
  std::optional<async::Timers::Id> timer;
  {
    MutexLock lock(state_->mutex);
    timer = state_->timer;
  }
  if (timer) state_->timers.cancel(*timer);
}

void OriginGate::acquire(Purpose purpose, Grant grant) {
  {
    MutexLock lock(state_->mutex);
    state_->queues[static_cast<std::size_t>(purpose)].push_back({std::move(grant), state_->timers.clock().now()});
  }
  pump();
}

void OriginGate::pump() {
  std::vector<Waiting> granted;
  std::optional<env::TimePoint> retry_at;
  const env::TimePoint now = state_->timers.clock().now();
  {
    MutexLock lock(state_->mutex);
    while (state_->in_flight < state_->limits.max_in_flight) {
      std::deque<Waiting>* queue = state_->first_queue();
      if (queue == nullptr) break;
      if (!state_->bucket.take(now)) {
        if (!state_->timer) retry_at = state_->bucket.next();
        break;
      }
      ++state_->in_flight;
      granted.push_back(std::move(queue->front()));
      queue->pop_front();
    }
    if (retry_at) {
      // Lock order: the gate, then the timers; the timers call back without their lock.
      state_->timer = state_->timers.schedule(*retry_at, [this] {
        {
          MutexLock rearm(state_->mutex);
          state_->timer.reset();
        }
        pump();
      });
    }
  }
  for (Waiting& waiting : granted) {
    state_->wait_seconds.observe(now - waiting.since);
    waiting.grant(Permit(this));
  }
}

void OriginGate::give_back(bool unused) {
  {
    MutexLock lock(state_->mutex);
    --state_->in_flight;
    if (unused) state_->bucket.put_back();
  }
  pump();
}

async::Task<OriginGate::Permit> OriginGate::wait(Purpose purpose, env::TimePoint deadline) {
  async::Promise<Permit> promise;
  acquire(purpose, [promise](Result<Permit> permit) { promise.set(std::move(permit)); });
  co_return co_await promise.wait_until(state_->timers, deadline, "the wait for the object store's budget");
}

std::optional<OriginGate::RetryToken> OriginGate::take_retry(RetryKind kind) {
  const RetryToken token{kind == RetryKind::throttled ? 5U : 14U};
  MutexLock lock(state_->mutex);
  if (state_->retry_tokens < token.cost) return std::nullopt;
  state_->retry_tokens -= token.cost;
  return token;
}

async::Task<void> OriginGate::wait_for_retry(Purpose, env::TimePoint deadline) {
  while (true) {
    env::TimePoint next;
    {
      MutexLock lock(state_->mutex);
      if (state_->bucket.take(state_->timers.clock().now())) co_return Status();
      next = state_->bucket.next();
    }
    async::Promise<bool> pause;
    if (next < deadline) {
      const auto id = state_->timers.schedule(next, [pause] { pause.set(true); });
      SEEKFS_CO_TRY(co_await pause.wait_until(state_->timers, deadline, "the wait for the object store's budget"));
      state_->timers.cancel(id);
    } else {
      SEEKFS_CO_TRY(co_await pause.wait_until(state_->timers, deadline, "the wait for the object store's budget"));
    }
  }
}

bool OriginGate::take_hedge() { return false; }

std::optional<env::Duration> OriginGate::hedge_delay() const { return std::nullopt; }

void OriginGate::report(OriginAnswer answer, RetryToken paid) {
  if (answer != OriginAnswer::success) return;
  MutexLock lock(state_->mutex);
  state_->retry_tokens = std::min(retry_capacity, state_->retry_tokens + std::max(paid.cost, 1U));
}

void OriginGate::observe_first_byte(env::Duration) {}

bool OriginGate::open() const { return false; }

std::uint64_t OriginGate::in_flight() const {
  MutexLock lock(state_->mutex);
  return state_->in_flight;
}

namespace {

class BudgetedStore final : public ObjectStore {
 public:
  BudgetedStore(ObjectStore& inner, OriginGate& gate) : inner_(inner), gate_(gate) {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.head(std::move(object), options);
  }
  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.get(std::move(object), range, sink, options);
  }
  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.put(std::move(key), body, std::move(conditions), options);
  }
  async::Task<ListReply> list(ListRequest request, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.list(std::move(request), options);
  }
  async::Task<void> remove(ObjectRef object, RequestOptions options) override {
    SEEKFS_CO_ASSIGN(const auto permit, co_await gate_.wait(options.purpose, options.deadline));
    co_return co_await inner_.remove(std::move(object), options);
  }
  Status check_key(std::string_view key) const override { return inner_.check_key(key); }
  async::Task<void> flush(RequestOptions options) override { co_return co_await inner_.flush(options); }
  std::string description() const override { return inner_.description(); }

 private:
  ObjectStore& inner_;
  OriginGate& gate_;
};

}  // namespace

std::unique_ptr<ObjectStore> make_budgeted_store(ObjectStore& inner, OriginGate& gate) {
  return std::make_unique<BudgetedStore>(inner, gate);
}

}  // namespace seekfs::objectstore
