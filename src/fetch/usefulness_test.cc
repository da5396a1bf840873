// What is learned from pages that nobody asked for.
#include "fetch/usefulness.h"

#include <gtest/gtest.h>

namespace seekfs::fetch {
namespace {

TEST(Usefulness, BeginsWithThePriorAndFollowsWhatItSees) {
  Usefulness usefulness(0.5, 10);
  EXPECT_DOUBLE_EQ(usefulness.probability(), 0.5);
  usefulness.observe(6, 0);
  usefulness.observe(10, 0);
  EXPECT_DOUBLE_EQ(usefulness.probability(), 0.75);
  usefulness.observe(8, 0);
  EXPECT_DOUBLE_EQ(usefulness.probability(), 0.75) << "an older count";
  for (std::uint64_t i = 1; i <= 1000; ++i) usefulness.observe(10, i);
  EXPECT_LT(usefulness.probability(), 0.02);
}

TEST(Usefulness, ForgetsAnEarlierWorkload) {
  Usefulness usefulness(0.5, 10, 100);
  for (std::uint64_t i = 1; i <= 100'000; i += 50) usefulness.observe(0, i);
  for (std::uint64_t i = 1; i <= 400; ++i) usefulness.observe(i, 100'000);
  EXPECT_GT(usefulness.probability(), 0.85);
}

}  // namespace
}  // namespace seekfs::fetch
