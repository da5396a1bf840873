// How many hedges may be sent: a small share of the requests, and none at a time when the origin has enough to do.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "env/clock.h"

namespace seekfs::objectstore {

/// Credits, one for each request; a hedge costs `requests_per_hedge` (5 %: Dean and Barroso, "The Tail at Scale", 2013,
/// which hedges after the 95th percentile). Credits for a burst of `burst` hedges are kept. Not thread-safe.
class HedgeBudget {
 public:
  static constexpr std::uint32_t requests_per_hedge = 20;
  static constexpr std::uint32_t burst = 10;
  static constexpr env::Duration quiet_after_throttling = std::chrono::seconds(5);

  void requested() { credits_ = std::min(credits_ + 1, requests_per_hedge * burst); }
  void throttled(env::TimePoint now) { throttled_at_ = now; }

  bool available(env::TimePoint now) const {
    if (throttled_at_ && now - *throttled_at_ < quiet_after_throttling) return false;
    return credits_ >= requests_per_hedge;
  }
  /// After available().
  void take() { credits_ -= requests_per_hedge; }

 private:
  std::uint32_t credits_ = 0;
  std::optional<env::TimePoint> throttled_at_;
};

}  // namespace seekfs::objectstore
