// The 95th percentile of the latencies seen last.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "env/clock.h"

namespace seekfs::objectstore {

/// Exact over the last `window` values, as of the last multiple of `refresh` of them: one selection over a small array
/// now and then, and an assignment otherwise. Not thread-safe.
class LatencyQuantile {
 public:
  static constexpr std::size_t window = 256;
  static constexpr std::size_t refresh = 16;
  static constexpr std::size_t least = 48;  ///< fewer values say nothing of their slowest twentieth

  void observe(env::Duration latency);
  /// Nothing while fewer than `least` values were seen.
  std::optional<env::Duration> p95() const { return p95_; }

 private:
  std::array<env::Duration, window> values_{};  ///< a ring
  std::size_t seen_ = 0;
  std::optional<env::Duration> p95_;
};

}  // namespace seekfs::objectstore
