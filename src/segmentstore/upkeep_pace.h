// How fast a directory is tidied beside traffic: at most so many bytes a second.
#pragma once

#include <algorithm>
#include <cstdint>

#include "env/clock.h"

namespace seekfs::segmentstore {

/// Each step pushes the next one away by the time that its bytes are worth. One thread.
class UpkeepPace {
 public:
  /// What a step costs even if it moves nothing: it read something to find that out.
  static constexpr std::uint64_t min_step_bytes = 64U << 10U;

  UpkeepPace(std::uint64_t bytes_per_second, env::TimePoint now) : bytes_per_second_(bytes_per_second), next_(now) {}

  env::TimePoint next() const noexcept { return next_; }
  bool may_step(env::TimePoint now) const noexcept { return next_ <= now; }
  void stepped(std::uint64_t moved_bytes, env::TimePoint began) noexcept {
    const double seconds = static_cast<double>(std::max(moved_bytes, min_step_bytes)) /
                           static_cast<double>(std::max<std::uint64_t>(bytes_per_second_, 1));
    next_ = began + std::chrono::duration_cast<env::Duration>(std::chrono::duration<double>(seconds));
  }

 private:
  const std::uint64_t bytes_per_second_;
  env::TimePoint next_;
};

}  // namespace seekfs::segmentstore
