// Latencies counted in buckets whose width grows with their value: small, quick, and exact to a known error.
#pragma once

#include <array>
#include <cstdint>

namespace seekfs::bench {

/// A log-linear histogram in the manner of HdrHistogram (Gil Tene): values up to 255 have a bucket each, above each
/// power of two is cut into 128 equal buckets. A percentile is at most 1/128 (0.8 %) above the exact one and never
/// below it; minimum, maximum, count and mean are exact. Takes any 64-bit value; here nanoseconds. One thread at a
/// time.
class Histogram {
 public:
  void record(std::uint64_t value) noexcept;
  void merge(const Histogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

  /// The value that `percent` % (0 to 100) of all recorded ones do not pass: the smallest with rank ⌈percent/100 ·
  /// count⌉, at least 1. 0 when nothing was recorded.
  std::uint64_t percentile(double percent) const noexcept;

 private:
  static constexpr unsigned sub_bits = 7;
  static constexpr std::size_t sub_count = std::size_t{1} << sub_bits;
  static constexpr std::size_t bucket_count = (64 - sub_bits + 1) * sub_count;

  static std::size_t bucket_of(std::uint64_t value) noexcept;
  static std::uint64_t last_of(std::size_t bucket) noexcept;

  std::array<std::uint64_t, bucket_count> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ = UINT64_MAX;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace seekfs::bench
