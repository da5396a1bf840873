// The limit on requests in flight: by how much throttling shrinks it, for what once, and how it grows again.
#include "objectstore/adaptive_limit.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore {
namespace {

TEST(AdaptiveLimitTest, BeginsAtItsMaximumAndNeverPassesIt) {
  AdaptiveLimit limit(8);
  EXPECT_EQ(limit.limit(), 8U);
  for (int i = 0; i < 100; ++i) limit.succeeded(8);
  EXPECT_EQ(limit.limit(), 8U);
  EXPECT_EQ(AdaptiveLimit(0).limit(), 1U);
}

TEST(AdaptiveLimitTest, ShrinksOnceForTheRequestsOfOneMoment) {
  AdaptiveLimit limit(100);
  EXPECT_TRUE(limit.throttled(99, 100));
  EXPECT_EQ(limit.limit(), 70U);
  for (std::uint64_t left = 99; left > 0; --left) EXPECT_FALSE(limit.throttled(left - 1, left));
  EXPECT_EQ(limit.limit(), 70U);
  EXPECT_TRUE(limit.throttled(0, 1)) << "this one was sent after the decrease";
}

TEST(AdaptiveLimitTest, RequestsThatNobodyAnswersNoLongerHideTheNextThrottling) {
  AdaptiveLimit limit(100);
  EXPECT_TRUE(limit.throttled(99, 100));
  limit.unanswered_at_most(0);
  EXPECT_TRUE(limit.throttled(0, 70));
}

TEST(AdaptiveLimitTest, FailuresEndTheMomentAsSuccessesDo) {
  AdaptiveLimit limit(100);
  EXPECT_TRUE(limit.throttled(2, 100));
  limit.failed();
  limit.succeeded(70);
  EXPECT_TRUE(limit.throttled(0, 70));
}

TEST(AdaptiveLimitTest, ShrinksFromWhatIsUsedAndFasterWhenNothingGetsThrough) {
  AdaptiveLimit limit(100);
  limit.throttled(0, 10);
  EXPECT_EQ(limit.limit(), 7U);
  limit.throttled(0, 10);
  EXPECT_EQ(limit.limit(), 3U);
  for (int i = 0; i < 20; ++i) limit.throttled(0, 1);
  EXPECT_EQ(limit.limit(), 1U);
}

TEST(AdaptiveLimitTest, GrowsByOneAnAnswerUpToWhereItWorkedThenByOneAWindow) {
  AdaptiveLimit limit(100);
  limit.throttled(0, 100);  // 70, and something had got through
  limit.throttled(0, 70);
  limit.throttled(0, 35);
  EXPECT_EQ(limit.limit(), 17U);
  int answers = 0;
  for (; limit.limit() < 70; ++answers) limit.succeeded(limit.limit());
  EXPECT_LE(answers, 54);
  const std::uint64_t size = limit.limit();
  for (int i = 0; i < 75; ++i) limit.succeeded(70);
  EXPECT_EQ(limit.limit(), size + 1);
}

TEST(AdaptiveLimitTest, GrowsOnlyWhileItIsInUse) {
  AdaptiveLimit limit(100);
  limit.throttled(0, 100);
  for (int i = 0; i < 1000; ++i) limit.succeeded(34);
  EXPECT_EQ(limit.limit(), 70U);
  for (int i = 0; i < 1000; ++i) limit.succeeded(70);
  EXPECT_GT(limit.limit(), 70U);
}

TEST(AdaptiveLimitTest, AfterAnOutageItBeginsWithAFewMoreThanHang) {
  AdaptiveLimit limit(100);
  limit.restart(5);
  EXPECT_EQ(limit.limit(), 7U);
  for (int i = 0; i < 200; ++i) limit.succeeded(limit.limit());
  EXPECT_EQ(limit.limit(), 100U) << "slow start: nothing was ever throttled";
  limit.restart(1000);
  EXPECT_EQ(limit.limit(), 100U);
}

}  // namespace
}  // namespace seekfs::objectstore
