// What the origin may be asked for: requests in flight and a second, retries, hedges, and nothing at all while it is
// down. One class with one state, through which every request of the process passes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "async/task.h"
#include "async/timers.h"
#include "base/metrics.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// How a request to the origin ended, as far as the gate cares.
enum class OriginAnswer : std::uint8_t {
  success,    ///< any answer of a healthy origin: not_found, a failed condition and a refusal of one key are some, too
  throttled,  ///< SlowDown, 429, 503 with such a code
  transient,  ///< no answer, a broken one, or a 5xx
};
enum class RetryKind : std::uint8_t { transient, throttled };

/// Thread-safe. Requests wait first come, first served within their purpose; purposes in the order manifest, demand,
/// hedge, publish, prefetch.
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
 public:
  struct Limits {
    std::uint64_t requests_per_second = 0;  ///< 0: no fixed rate. A burst of a tenth of a second's worth is let through
    std::uint64_t max_in_flight = 128;      ///< at least 1
    bool breaker = false;                   ///< for stores behind a network
  };

  /// `timers` and `metrics` outlive the gate; measures seekfs_origin_budget_wait_seconds.
  OriginGate(Limits limits, async::Timers& timers, MetricsRegistry& metrics);
  /// Everything still waiting is dropped without a call; no permit may be outstanding.
  ~OriginGate();

  /// The right to one request; given back by the destructor.
  class Permit {
   public:
    Permit() = default;
    Permit(Permit&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Permit& operator=(Permit&& other) noexcept {
      std::swap(gate_, other.gate_);
      return *this;
    }
    ~Permit() {
      if (gate_ != nullptr) gate_->give_back(false);
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }
    /// The request was not made after all: the rate budget gets its token back, too.
    void return_unused() {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->give_back(true);
    }

   private:
    friend class OriginGate;
    explicit Permit(OriginGate* gate) : gate_(gate) {}
    OriginGate* gate_ = nullptr;
  };
  using Grant = std::move_only_function<void(Result<Permit>)>;

  /// Calls `grant` once, as soon as the budgets allow: at once on this thread, or later on the thread that gave a
  /// permit back or on the clock's. `grant` must not block. While the breaker is open, and for those that wait when it
  /// opens: `transient`, with retry_after.
  void acquire(Purpose purpose, Grant grant);
  /// The same for coroutines; timeout at the deadline.
  async::Task<Permit> wait(Purpose purpose, env::TimePoint deadline);

  /// What a retry paid; given back when it succeeds.
  struct RetryToken {
    std::uint32_t cost = 0;
  };
  /// Whether a request that holds a permit may be tried once more after its pause; nothing: the quota is used up or the
  /// breaker is open, so its error stands.
  std::optional<RetryToken> take_retry(RetryKind kind);
  /// Waits for a token of the rate, as a request of its own; the permit that the caller holds goes on counting as the
  /// one in flight. Errors as wait().
  async::Task<void> wait_for_retry(Purpose purpose, env::TimePoint deadline);
  /// Whether a second request for the same bytes may be sent now; it counts against the rate.
  bool take_hedge();
  /// How long a GET's first byte may take before a hedge is worth it: the 95th percentile of those seen; nothing while
  /// too few were seen.
  std::optional<env::Duration> hedge_delay() const;

  /// To be told of every request that was sent, each retry and hedge by itself; not of those that were cancelled.
  /// `paid` is what this one paid as a retry.
  void report(OriginAnswer answer, RetryToken paid);
  void report(OriginAnswer answer) { report(answer, RetryToken()); }
  /// From the sending of a GET to its first byte.
  void observe_first_byte(env::Duration duration);

  std::uint64_t in_flight() const;
  bool open() const;  ///< the breaker: everything is refused

 private:
  struct State;
  void give_back(bool unused);
  void pump();
  std::unique_ptr<State> state_;
};

/// Passes every operation of `inner` through `gate`. Both outlive it.
std::unique_ptr<ObjectStore> make_budgeted_store(ObjectStore& inner, OriginGate& gate);

}  // namespace seekfs::objectstore
