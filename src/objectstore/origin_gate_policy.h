// What the gate decides, without its lock, its queues and its clock: the one state behind limits, retries, hedges and
// the breaker.
#pragma once

#include <cstdint>
#include <optional>

#include "env/clock.h"
#include "objectstore/adaptive_limit.h"
#include "objectstore/adaptive_rate.h"
#include "objectstore/circuit_breaker.h"
#include "objectstore/hedge_budget.h"
#include "objectstore/retry_quota.h"
#include "objectstore/token_bucket.h"

namespace seekfs::objectstore {

/// How a request to the origin ended, as far as the gate cares.
enum class OriginAnswer : std::uint8_t {
  success,    ///< any answer of a healthy origin: not_found, a failed condition and a refusal of one key are some, too
  throttled,  ///< SlowDown, 429, 503 with such a code
  transient,  ///< no answer, a broken one, or a 5xx
};

struct OriginLimits {
  std::uint64_t requests_per_second = 0;  ///< 0: no fixed rate. A burst of a tenth of a second's worth is let through
  std::uint64_t max_in_flight = 128;      ///< at least 1
  bool breaker = false;                   ///< for stores behind a network
  std::uint64_t jitter_seed = 0;          ///< of the breaker's pauses; another one in each process
};

/// Not thread-safe.
class OriginGatePolicy {
 public:
  OriginGatePolicy(const OriginLimits& limits, env::TimePoint now);

  enum class Verdict : std::uint8_t {
    pass,
    full,    ///< until a permit is given back or the limit grows
    later,   ///< at `at`
    refuse,  ///< the breaker; `at`: when it may be worth while
  };
  struct Decision {
    Verdict verdict;
    env::TimePoint at{};
    std::uint64_t probe = 0;  ///< of a request that passes: its number if it is the breaker's probe
  };
  /// A new request; one that passes is counted.
  Decision request(env::TimePoint now);
  /// A retry of one that is counted already: only the rate and the breaker bind it. It is never a probe.
  Decision retry(env::TimePoint now);
  /// The end of a request that passed. `unused`: it was not sent.
  void give_back(std::uint64_t probe, bool unused);

  std::optional<RetryToken> take_retry(RetryKind kind);
  void return_retry(RetryToken unused) { retries_.put_back(unused); }
  bool take_hedge(env::TimePoint now);
  void report(OriginAnswer answer, env::TimePoint sent, RetryToken paid, env::TimePoint now);

  std::uint64_t in_flight() const { return in_flight_; }
  std::uint64_t limit() const { return limit_.limit(); }
  std::optional<double> rate() const { return rate_.limit(); }  ///< the adaptive one
  bool open() const { return !breaker_.closed(); }

 private:
  void count_sent(env::TimePoint now);
  void apply_rate(env::TimePoint now);

  const OriginLimits limits_;
  TokenBucket bucket_;
  AdaptiveLimit limit_;
  AdaptiveRate rate_;
  RetryQuota retries_;
  HedgeBudget hedges_;
  CircuitBreaker breaker_;
  std::uint64_t in_flight_ = 0;
  std::uint64_t unanswered_ = 0;  ///< requests at the origin; those that ended without an answer stay a while
};

}  // namespace seekfs::objectstore
