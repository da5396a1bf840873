// What the origin may be asked for: requests in flight and a second, retries, hedges, and nothing at all while it is
// down. One class with one state, through which every request of the process passes: by a permit, or by acquire_retry()
// and take_hedge() under a permit that was given.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "async/promise.h"
#include "async/task.h"
#include "async/timers.h"
#include "base/metrics.h"
#include "objectstore/object_store.h"
#include "objectstore/origin_gate_policy.h"

namespace seekfs::objectstore {

/// Thread-safe. Requests wait first come, first served within their purpose; purposes in the order manifest, demand,
/// publish, prefetch. A hedge never waits.
///
/// - Budgets: a fixed rate and a fixed number in flight.
/// - Adaptive limit: throttling answers shrink what may be in flight and the rate, at most once for the requests of one
///   moment; successes let both grow again (AIMD; AWS SDKs' "adaptive" mode and TCP CUBIC, RFC 9438, for the rate).
/// - Retry quota, as the AWS SDKs' "standard" mode: 500 tokens; a transient retry takes 14, a throttled one 5; the
///   retry's success gives them back, any other success gives one.
/// - Hedges: at most 5 % of the requests, none for a while after throttling or while tokens are short.
/// - Breaker (Nygard, "Release It!", 2nd edition, section 5.2): opens when the origin as a whole gives nothing but
///   transient failures, refuses everything at once while open, and lets single requests through as probes at growing
///   intervals. Answers of a healthy origin, refusals included, close it.
class OriginGate {
 private:
  struct State;

 public:
  using Limits = OriginLimits;
  using RetryToken = objectstore::RetryToken;

  /// `timers` and `metrics` outlive the gate; measures seekfs_origin_budget_wait_seconds, seekfs_origin_limit,
  /// seekfs_origin_breaker_open, seekfs_origin_retries_total, seekfs_origin_hedges_total,
  /// seekfs_origin_throttled_total.
  OriginGate(Limits limits, async::Timers& timers, MetricsRegistry& metrics);
  /// Everything still waiting is dropped without a call. Permits may outlive the gate.
  ~OriginGate();
  OriginGate(const OriginGate&) = delete;
  OriginGate& operator=(const OriginGate&) = delete;

  /// The right to one request; given back by the destructor.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept
        : state_(std::exchange(other.state_, nullptr)), probe_(std::exchange(other.probe_, 0)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(state_, other.state_);
      std::swap(probe_, other.probe_);
      return *this;
    }
    ~Permit() {
      if (state_ != nullptr) give_back(false);
    }
    explicit operator bool() const noexcept { return state_ != nullptr; }
    /// The request was not made after all: the rate budget gets its token back, too.
    void return_unused() {
      if (state_ != nullptr) give_back(true);
    }

   private:
    friend class OriginGate;
    Permit(std::shared_ptr<State> state, std::uint64_t probe) : state_(std::move(state)), probe_(probe) {}
    void give_back(bool unused);

    std::shared_ptr<State> state_;
    std::uint64_t probe_ = 0;  ///< the breaker's number, if it is a probe
  };
  using Grant = std::move_only_function<void(Result<Permit>)>;
  using RetryGrant = std::move_only_function<void(Status)>;

  /// Calls `grant` once, as soon as the budgets allow: at once on this thread, or later on the thread that gave a
  /// permit back or on the clock's. `grant` must not block. While the breaker is open, and for those that wait when it
  /// opens: `transient`, with retry_after. A hedge that would have to wait: `throttled`.
  void acquire(Purpose purpose, Grant grant);
  /// The same for coroutines; timeout at the deadline.
  async::Task<Permit> wait(Purpose purpose, env::TimePoint deadline);
  /// The same; whoever has a copy of `promise` ends the wait by setting an error.
  async::Task<Permit> wait(Purpose purpose, env::TimePoint deadline, async::Promise<Permit> promise);

  /// Whether a request that holds a permit may be tried once more after its pause; nothing: the quota is used up or the
  /// breaker is open, so its error stands.
  std::optional<RetryToken> take_retry(RetryKind kind);
  /// The retry was not sent after all: what it paid goes back.
  void return_retry(RetryToken unused);
  /// Calls `grant` once, when the rate allows the retry, or whatever else follows a request under its permit: before
  /// new requests of its purpose, and without another permit, since the one that the caller holds goes on counting.
  /// Errors as acquire(); while the breaker is open a retry is refused even when a probe is due.
  void acquire_retry(Purpose purpose, RetryGrant grant);
  /// The same for coroutines; timeout at the deadline.
  async::Task<void> wait_for_retry(Purpose purpose, env::TimePoint deadline);
  /// Whether a second request for the same bytes may be sent now; it counts against the rate.
  bool take_hedge();
  /// How long a GET's first byte may take before a hedge is worth it: the 95th percentile of those seen; nothing while
  /// too few were seen.
  std::optional<env::Duration> hedge_delay() const;

  /// To be told of every request that was sent, each retry and hedge by itself; not of those that were cancelled.
  /// `sent` is when, by the clock of the timers; `paid` what this one paid as a retry.
  void report(OriginAnswer answer, env::TimePoint sent, RetryToken paid = {});
  /// From the sending of a GET to its first byte.
  void observe_first_byte(env::Duration duration);

  std::uint64_t in_flight() const;
  bool open() const;         ///< the breaker: everything is refused
  bool full() const;         ///< as many requests are in flight as may be
  bool has_waiters() const;  ///< some request waits for the budgets

 private:
  std::shared_ptr<State> state_;
};

/// Passes every operation of `inner` through `gate`. Both outlive it.
std::unique_ptr<ObjectStore> make_budgeted_store(ObjectStore& inner, OriginGate& gate);

}  // namespace seekfs::objectstore
