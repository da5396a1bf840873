// CUBIC's curve over the rate that is measured.
#include "objectstore/adaptive_rate.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace seekfs::objectstore {
namespace {

constexpr env::Duration meter_interval = std::chrono::milliseconds(500);
constexpr double first_interval = 0.1;  ///< seconds; what is sent sooner counts as sent in that time
constexpr double newest_weight = 0.8;

constexpr double beta = 0.7;   ///< CUBIC's multiplicative decrease
constexpr double scale = 0.4;  ///< CUBIC's C
/// Below this plateau the curve shrinks in proportion to it: a request a second more is nothing to 100, but a lot to 1.
constexpr double full_scale_plateau = 10;
constexpr double most_growth = 2;
constexpr env::Duration forgotten_after = std::chrono::seconds(60);

double scale_at(double plateau) { return scale * std::min(1.0, plateau / full_scale_plateau); }

double seconds(env::Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void RateMeter::end_interval(env::Duration length) {
  const double newest = static_cast<double>(count_) / seconds(length);
  smoothed_ = smoothed_ ? newest_weight * newest + (1 - newest_weight) * *smoothed_ : newest;
  count_ = 0;
}

void RateMeter::sent(env::TimePoint now) {
  if (count_ > 0) {
    const bool idle = now - last_ > longest_gap;
    const env::Duration length = idle ? std::max(meter_interval, last_ - since_) : now - since_;
    if (length >= meter_interval) end_interval(length);
  }
  if (count_ == 0) since_ = now;
  ++count_;
  last_ = now;
}

double RateMeter::per_second() const {
  const auto count = static_cast<double>(count_);
  if (!smoothed_) return count / std::max(first_interval, seconds(last_ - since_));
  return std::max(*smoothed_, count / seconds(meter_interval));
}

bool AdaptiveRate::forgotten(env::TimePoint now) const { return now - decreased_at_ > forgotten_after; }

void AdaptiveRate::succeeded(env::TimePoint now) {
  succeeded_since_ = true;
  if (!limit_) return;
  if (forgotten(now)) {
    limit_.reset();
    return;
  }
  const double curve = scale_at(plateau_) * std::pow(seconds(now - decreased_at_) - to_plateau_, 3) + plateau_;
  limit_ = std::max(*limit_, std::min(curve, most_growth * meter_.per_second()));
}

void AdaptiveRate::throttled(env::TimePoint now) {
  if (forgotten(now)) limit_.reset();
  const double measured = meter_.per_second();
  const double current = limit_ ? std::min(measured, *limit_) : measured;
  if (succeeded_since_) {
    plateau_ = std::max(least, current);
    to_plateau_ = std::cbrt(plateau_ * (1 - beta) / scale_at(plateau_));
  }
  succeeded_since_ = false;
  decreased_at_ = now;
  limit_ = std::max(least, beta * current);
}

}  // namespace seekfs::objectstore
