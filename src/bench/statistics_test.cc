// Medians and intervals beside figures that were worked out by hand.
#include "bench/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace seekfs::bench {
namespace {

TEST(Statistics, MedianAndSpread) {
  EXPECT_EQ(spread_of({}).median, 0);
  EXPECT_EQ(spread_of({5}).median, 5);
  const Spread odd = spread_of({9, 1, 4});
  EXPECT_EQ(odd.median, 4);
  EXPECT_EQ(odd.min, 1);
  EXPECT_EQ(odd.max, 9);
  EXPECT_EQ(spread_of({4, 1, 3, 2}).median, 2.5);
}

TEST(Statistics, StudentRoundsDegreesDown) {
  EXPECT_EQ(student_t_975(1), 12.706);
  EXPECT_EQ(student_t_975(0.3), 12.706);
  EXPECT_EQ(student_t_975(4.9), 2.776);
  EXPECT_EQ(student_t_975(30), 2.042);
  EXPECT_EQ(student_t_975(39), 2.042);
  EXPECT_EQ(student_t_975(59), 2.021);
  EXPECT_EQ(student_t_975(119), 2.000);
  EXPECT_EQ(student_t_975(500), 1.980);
  EXPECT_EQ(student_t_975(1e9), 1.960);
}

TEST(Statistics, WelchsIntervalOfARatio) {
  // Logarithms are 0, 1, 2 and 3, 4, 5: difference 3, variance of each mean 1/3, 4 degrees of freedom.
  const double e = std::exp(1);
  const auto ratio = ratio_of({1, e, e * e}, {std::pow(e, 3), std::pow(e, 4), std::pow(e, 5)});
  ASSERT_TRUE(ratio);
  const double margin = 2.776 * std::sqrt(2.0 / 3);
  EXPECT_NEAR(ratio->ratio, std::exp(3), 1e-9);
  EXPECT_NEAR(std::log(ratio->high), 3 + margin, 1e-9);
  EXPECT_NEAR(std::log(ratio->low), 3 - margin, 1e-9);
}

TEST(Statistics, UnequalSpreadsHaveFewerDegrees) {
  // B does not vary at all: what is left are A's 2 degrees.
  const auto ratio = ratio_of({1, 2, 4}, {8, 8, 8});
  ASSERT_TRUE(ratio);
  EXPECT_NEAR(ratio->ratio, 4, 1e-9);
  const double margin = std::log(ratio->high / ratio->ratio);
  EXPECT_NEAR(margin, 4.303 * std::log(2) / std::sqrt(3), 1e-3);
}

TEST(Statistics, EqualValuesHaveAnIntervalWithoutWidth) {
  const auto ratio = ratio_of({2, 2}, {3, 3});
  ASSERT_TRUE(ratio);
  EXPECT_DOUBLE_EQ(ratio->ratio, 1.5);
  EXPECT_DOUBLE_EQ(ratio->low, 1.5);
  EXPECT_DOUBLE_EQ(ratio->high, 1.5);
}

TEST(Statistics, RefusesWhatHasNoInterval) {
  EXPECT_EQ(ratio_of({1}, {1, 2}).error().code, ErrorCode::invalid);
  EXPECT_EQ(ratio_of({1, 2}, {}).error().code, ErrorCode::invalid);
  EXPECT_EQ(ratio_of({0, 1}, {1, 2}).error().code, ErrorCode::invalid);
  EXPECT_EQ(ratio_of({1, 2}, {-1, 2}).error().code, ErrorCode::invalid);
  EXPECT_EQ(ratio_of({1, std::nan("")}, {1, 2}).error().code, ErrorCode::invalid);
}

}  // namespace
}  // namespace seekfs::bench
