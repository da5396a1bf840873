// When bytes that arrive at a delaying proxy may leave it: a delay with jitter, order kept, and rates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "env/clock.h"
#include "env/random.h"

namespace seekfs::bench {

/// A rate that bytes pass one behind the other, as on a wire. One thread at a time.
class Wire {
 public:
  /// Bytes a second; 0: no limit.
  explicit Wire(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  /// When the last of `bytes` that came at `now` has passed; they keep the wire busy until then.
  env::TimePoint pass(env::TimePoint now, std::size_t bytes);
  /// Until when bytes that passed keep it busy.
  env::TimePoint busy_until() const { return busy_until_; }
  bool is_limited() const { return rate_ != 0; }

 private:
  std::uint64_t rate_;
  env::TimePoint busy_until_;
};

/// One direction of one connection. One thread at a time; `random` outlives it.
class Delay {
 public:
  /// Every piece waits `delay` and up to `jitter` more or less, never less than nothing.
  Delay(env::Duration delay, env::Duration jitter, env::Random& random)
      : delay_(delay), jitter_(jitter), random_(random) {}

  /// When a piece that came at `now` may leave: never before one that came earlier.
  env::TimePoint due(env::TimePoint now);

 private:
  env::Duration delay_;
  env::Duration jitter_;
  env::Random& random_;
  env::TimePoint last_;
};

}  // namespace seekfs::bench
