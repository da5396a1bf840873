// Buckets of the latency histogram.
#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace seekfs::bench {

std::size_t Histogram::bucket_of(std::uint64_t value) noexcept {
  const auto width = static_cast<unsigned>(std::bit_width(value));
  if (width <= sub_bits) return value;
  // The leading bit and the 7 behind it name the bucket; the bits below them are what is not kept.
  const unsigned dropped = width - sub_bits - 1;
  return dropped * sub_count + (value >> dropped);
}

std::uint64_t Histogram::last_of(std::size_t bucket) noexcept {
  if (bucket < 2 * sub_count) return bucket;
  const std::size_t dropped = bucket / sub_count - 1;
  const std::uint64_t leading = bucket - dropped * sub_count;
  return (leading << dropped) + ((std::uint64_t{1} << dropped) - 1);
}

void Histogram::record(std::uint64_t value) noexcept {
  ++counts_[bucket_of(value)];
  ++count_;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::merge(const Histogram& other) noexcept {
  for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) counts_[bucket] += other.counts_[bucket];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

std::uint64_t Histogram::percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double wanted = std::ceil(percent / 100 * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::max(wanted, 1.0)), 1, count_);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return std::clamp(last_of(bucket), min_, max_);
  }
  return max_;
}

}  // namespace seekfs::bench
