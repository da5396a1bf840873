// Whether the origin is there at all: while it is not, nothing is asked of it but a probe now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "env/clock.h"

namespace seekfs::objectstore {

/// Nygard, "Release It!", 2nd edition, section 5.2, for one endpoint and bucket. Only failures that say that the origin
/// as a whole is away count, so one healthy answer, whatever was asked, means that it is there. A failure counts only
/// if its request was sent after the last healthy answer: one that was sent before says less than that answer does.
///
/// - closed: everything passes. `suspicious_failures` in a row with no healthy answer among them: at most one request
///   each `suspicious_interval` leaves until one is answered, so that failing fast does not become asking fast. When
///   the first of them was sent `patience` ago: open.
/// - open: everything is refused for a pause of 1 s, doubling up to 30 s with every probe that fails, ±20 % so that
///   processes do not probe in step. Requests that were sent before it opened may still fail: they change nothing.
/// - half-open: the first request after the pause is the probe; the others are refused until it is answered. What was
///   sent before the probe changes nothing by failing.
///
/// A healthy answer closes it at any time. Not thread-safe.
class CircuitBreaker {
 public:
  static constexpr std::uint32_t suspicious_failures = 5;
  static constexpr env::Duration suspicious_interval = std::chrono::milliseconds(100);
  static constexpr env::Duration patience = std::chrono::seconds(2);
  static constexpr env::Duration first_pause = std::chrono::seconds(1);
  static constexpr env::Duration longest_pause = std::chrono::seconds(30);

  /// `seed`: of the jitter; another one in each process.
  explicit CircuitBreaker(std::uint64_t seed) : seed_(seed) {}

  enum class Verdict : std::uint8_t { pass, later, refuse };
  struct Answer {
    Verdict verdict;
    env::TimePoint at{};  ///< later: when to ask again; refuse: when it may be worth while
  };
  Answer ask(env::TimePoint now) const;

  /// A request leaves, after ask() let it pass. The number of the probe, if it is one; else 0.
  std::uint64_t sent(env::TimePoint now);
  /// A request that was sent at `sent` has failed. True when this opened it, for the first time or again.
  bool failed(env::TimePoint sent, env::TimePoint now);
  /// True when this closed it.
  bool answered(env::TimePoint now);
  /// The probe ended without an answer: the next request may probe. Another number than the current probe's: nothing.
  void probe_returned(std::uint64_t probe);

  bool closed() const { return phase_ == Phase::closed; }

 private:
  enum class Phase : std::uint8_t { closed, open, half_open };
  void open(env::TimePoint now);

  const std::uint64_t seed_;
  Phase phase_ = Phase::closed;
  std::uint32_t failures_ = 0;                  ///< in a row
  std::optional<env::TimePoint> trying_since_;  ///< when the first of them was sent
  env::TimePoint answered_at_ = env::TimePoint::min();
  env::TimePoint last_sent_;
  env::TimePoint probe_sent_;
  std::uint32_t failed_probes_ = 0;  ///< since it was closed
  env::TimePoint open_until_;
  std::uint64_t last_probe_ = 0;
  std::uint64_t times_opened_ = 0;
};

}  // namespace seekfs::objectstore
