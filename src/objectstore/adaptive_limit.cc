// Additive increase, multiplicative decrease and slow start.
#include "objectstore/adaptive_limit.h"

#include <algorithm>

namespace seekfs::objectstore {
namespace {

constexpr double decrease = 0.7;        ///< as CUBIC (RFC 9438)
constexpr double blind_decrease = 0.5;  ///< nothing has succeeded since the last one: far too many still
constexpr double first_after_outage = 2;

}  // namespace

AdaptiveLimit::AdaptiveLimit(std::uint64_t max)
    : max_(static_cast<double>(std::max<std::uint64_t>(max, 1))), size_(max_), slow_start_below_(max_) {}

bool AdaptiveLimit::answered() {
  if (older_ == 0) return false;
  --older_;
  return true;
}

void AdaptiveLimit::succeeded(std::uint64_t in_flight) {
  answered();
  succeeded_since_ = true;
  if (2 * static_cast<double>(in_flight) < size_) return;
  size_ = std::min(max_, size_ + (size_ < slow_start_below_ ? 1 : 1 / size_));
}

bool AdaptiveLimit::throttled(std::uint64_t unanswered, std::uint64_t in_flight) {
  if (answered()) return false;
  const double used = std::min(size_, static_cast<double>(std::max<std::uint64_t>(in_flight, 1)));
  size_ = std::max(1.0, used * (succeeded_since_ ? decrease : blind_decrease));
  // What is refused while nothing gets through says nothing of how much would: where it worked last stays known.
  if (succeeded_since_) slow_start_below_ = size_;
  succeeded_since_ = false;
  older_ = unanswered;
  return true;
}

void AdaptiveLimit::unanswered_at_most(std::uint64_t unanswered) { older_ = std::min(older_, unanswered); }

void AdaptiveLimit::restart(std::uint64_t in_flight) {
  size_ = std::min(max_, static_cast<double>(in_flight) + first_after_outage);
}

}  // namespace seekfs::objectstore
