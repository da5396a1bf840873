// How many requests may be sent in a second, by what the origin answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "env/clock.h"

namespace seekfs::objectstore {

/// Requests a second while requests are sent, smoothed over about a second. Time without any is left out: after it the
/// rate is what it was before.
class RateMeter {
 public:
  /// Longer without a request is idleness.
  static constexpr env::Duration longest_gap = std::chrono::seconds(2);

  void sent(env::TimePoint now);
  double per_second() const;

 private:
  void end_interval(env::Duration length);

  env::TimePoint since_;            ///< the first request of this interval
  env::TimePoint last_;             ///< the latest one
  std::uint64_t count_ = 0;         ///< of this interval
  std::optional<double> smoothed_;  ///< nothing until the first interval has ended
};

/// As the AWS SDKs' "adaptive" mode: no limit until the origin throttles; then 0.7 of the rate that was sent, growing
/// back along CUBIC's curve (RFC 9438, with a second as its unit of time and requests a second as its window), at most
/// to twice what is really sent. Other than there, idle time does not lower what counts as sent, the limit goes once
/// nothing has been throttled for a minute, success never lowers it, and a rate at which nothing got through does not
/// become the curve's plateau. Not thread-safe.
class AdaptiveRate {
 public:
  static constexpr double least = 0.5;  ///< requests a second

  void sent(env::TimePoint now) { meter_.sent(now); }
  void succeeded(env::TimePoint now);
  /// Once for the requests of one moment: what AdaptiveLimit::throttled() says.
  void throttled(env::TimePoint now);

  /// Requests a second; nothing: no limit.
  std::optional<double> limit() const { return limit_; }

 private:
  bool forgotten(env::TimePoint now) const;

  RateMeter meter_;
  std::optional<double> limit_;
  double plateau_ = 0;     ///< CUBIC's W_max
  double to_plateau_ = 0;  ///< CUBIC's K, in seconds
  env::TimePoint decreased_at_;
  bool succeeded_since_ = true;  ///< since the last decrease
};

}  // namespace seekfs::objectstore
