// The histogram beside exact percentiles of the same values.
#include "bench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "env/random.h"

namespace seekfs::bench {
namespace {

std::uint64_t exact(std::vector<std::uint64_t> values, double percent) {
  std::ranges::sort(values);
  const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

TEST(HistogramTest, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(50), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(HistogramTest, PercentilesKeepTheirErrorBoundOverAllMagnitudes) {
  const auto random = env::make_seeded_random(42);
  for (const unsigned bits : {6U, 10U, 20U, 33U, 64U}) {
    Histogram histogram;
    std::vector<std::uint64_t> values(20'000);
    for (std::uint64_t& value : values) {
      // Another magnitude each time, as latencies have a long tail.
      value = random->next() >> (64 - bits) >> random->below(bits);
      histogram.record(value);
    }
    for (const double percent : {0.0, 1.0, 50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0}) {
      const std::uint64_t right = exact(values, percent);
      const std::uint64_t found = histogram.percentile(percent);
      ASSERT_GE(found, right) << bits << " bits, " << percent << " %";
      ASSERT_LE(found - right, right / 128) << bits << " bits, " << percent << " %";
    }
  }
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value <= 255; ++value) histogram.record(value);
  for (std::uint64_t rank = 1; rank <= 256; ++rank) {
    ASSERT_EQ(histogram.percentile(100.0 * static_cast<double>(rank) / 256), rank - 1);
  }
}

TEST(HistogramTest, ExtremesAreExact) {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  histogram.record(1'000'003);
  EXPECT_EQ(histogram.min(), 1'000'003U);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
  EXPECT_EQ(histogram.percentile(100), UINT64_MAX);
  EXPECT_EQ(histogram.percentile(0), histogram.percentile(50));
}

TEST(HistogramTest, MergingIsRecordingEverything) {
  const auto random = env::make_seeded_random(1);
  Histogram all;
  Histogram left;
  Histogram right;
  for (int index = 0; index < 1000; ++index) {
    const std::uint64_t value = random->below(1'000'000);
    all.record(value);
    (index % 3 == 0 ? left : right).record(value);
  }
  left.merge(right);
  left.merge(Histogram());
  EXPECT_EQ(left.count(), all.count());
  EXPECT_EQ(left.min(), all.min());
  EXPECT_EQ(left.max(), all.max());
  EXPECT_DOUBLE_EQ(left.mean(), all.mean());
  for (int percent = 0; percent <= 100; ++percent) ASSERT_EQ(left.percentile(percent), all.percentile(percent));
}

}  // namespace
}  // namespace seekfs::bench
