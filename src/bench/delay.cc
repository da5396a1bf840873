// Delays and rates as arithmetic on points in time.
#include "bench/delay.h"

#include <algorithm>
#include <chrono>

namespace seekfs::bench {

env::TimePoint Wire::pass(env::TimePoint now, std::size_t bytes) {
  if (rate_ == 0) return now;
  const std::chrono::duration<double> takes(static_cast<double>(bytes) / static_cast<double>(rate_));
  busy_until_ = std::max(busy_until_, now) + std::chrono::duration_cast<env::Duration>(takes);
  return busy_until_;
}

env::TimePoint Delay::due(env::TimePoint now) {
  env::Duration wait = delay_;
  if (jitter_.count() > 0) {
    const auto spread = static_cast<std::uint64_t>(jitter_.count()) * 2 + 1;
    wait += env::Duration(static_cast<std::int64_t>(random_.below(spread))) - jitter_;
  }
  last_ = std::max(last_, now + std::max(wait, env::Duration::zero()));
  return last_;
}

}  // namespace seekfs::bench
