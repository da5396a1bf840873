// What is learned from pages that nobody asked for.
#include "fetch/usefulness.h"

#include <gtest/gtest.h>

namespace seekfs::fetch {
namespace {

TEST(Usefulness, BeginsWithThePriorAndFollowsWhatItSees) {
  Usefulness usefulness(0.5, 10);
  EXPECT_DOUBLE_EQ(usefulness.probability(), 0.5);
  for (int i = 0; i < 10; ++i) usefulness.used();
  EXPECT_DOUBLE_EQ(usefulness.probability(), 0.75);
  for (int i = 0; i < 1000; ++i) usefulness.unused();
  EXPECT_LT(usefulness.probability(), 0.02);
}

TEST(Usefulness, ForgetsAnEarlierWorkload) {
  Usefulness usefulness(0.5, 10, 100);
  for (int i = 0; i < 100'000; ++i) usefulness.unused();
  for (int i = 0; i < 400; ++i) usefulness.used();
  EXPECT_GT(usefulness.probability(), 0.85);
}

}  // namespace
}  // namespace seekfs::fetch
