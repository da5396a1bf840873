// A rate as a bucket of tokens that fills with the clock; one token is one request.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "env/clock.h"

namespace seekfs::objectstore {

/// A burst of a tenth of a second's worth is let through. Not thread-safe.
class TokenBucket {
 public:
  explicit TokenBucket(env::TimePoint now) : at_(now) {}

  /// Tokens a second, > 0; nothing: no limit. What has been gathered is kept, as far as the new burst goes; after no
  /// limit the bucket is full.
  void set_rate(std::optional<double> per_second, env::TimePoint now) {
    if (per_second == per_second_) return;
    fill(now);
    if (per_second) {
      burst_ = std::max(1.0, *per_second / 10);
      tokens_ = per_second_ ? std::min(tokens_, burst_) : burst_;
    }
    per_second_ = per_second;
  }
  bool take(env::TimePoint now) {
    if (!per_second_) return true;
    fill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  void put_back() { tokens_ = std::min(burst_, tokens_ + 1); }

  /// When the next token will be there; after a take() that failed.
  env::TimePoint next() const {
    const std::chrono::duration<double> wait((1 - tokens_) / per_second_.value_or(1));
    return at_ + std::chrono::duration_cast<env::Duration>(wait) + std::chrono::microseconds(1);
  }

 private:
  void fill(env::TimePoint now) {
    const double elapsed = std::chrono::duration<double>(now - at_).count();
    if (per_second_) tokens_ = std::min(burst_, tokens_ + elapsed * *per_second_);
    at_ = now;
  }

  std::optional<double> per_second_;
  double burst_ = 1;
  double tokens_ = 1;
  env::TimePoint at_;
};

}  // namespace seekfs::objectstore
