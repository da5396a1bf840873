// The rate: how it is measured, cut and let grow again.
#include "objectstore/adaptive_rate.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class AdaptiveRateTest : public ::testing::Test {
 protected:
  /// Sends so many a second, evenly, for so long.
  void send(unsigned per_second, env::Duration duration, bool succeeds = false) {
    const env::Duration step = env::Duration(seconds(1)) / per_second;
    for (const env::TimePoint end = now + duration; now < end; now += step) {
      rate.sent(now);
      if (succeeds) rate.succeeded(now);
    }
  }

  env::TimePoint now = env::TimePoint(hours(1));
  AdaptiveRate rate;
};

TEST_F(AdaptiveRateTest, ThereIsNoLimitUntilTheOriginThrottles) {
  send(1000, seconds(10), true);
  EXPECT_FALSE(rate.limit());
}

TEST_F(AdaptiveRateTest, ThrottlingLeavesSevenTenthsOfWhatWasSent) {
  send(100, seconds(5));
  rate.throttled(now);
  EXPECT_NEAR(*rate.limit(), 70, 3);
}

TEST_F(AdaptiveRateTest, IdleTimeDoesNotCountAsASlowRate) {
  send(100, seconds(5));
  now += minutes(30);
  rate.sent(now);
  rate.throttled(now);
  EXPECT_GE(*rate.limit(), 60);
}

TEST_F(AdaptiveRateTest, ABurstAfterIdleTimeCounts) {
  send(1, seconds(5));
  now += minutes(30);
  for (int i = 0; i < 100; ++i) rate.sent(now);
  rate.throttled(now + milliseconds(10));
  EXPECT_GE(*rate.limit(), 100);
}

TEST_F(AdaptiveRateTest, OneAnswerNeverCutsToTheLeast) {
  rate.sent(now);
  rate.throttled(now + seconds(20));
  EXPECT_GT(*rate.limit(), 2 * AdaptiveRate::least);
}

TEST_F(AdaptiveRateTest, AStormCutsToTheLeastAndNoLower) {
  send(100, seconds(5));
  for (int i = 0; i < 40; ++i, now += seconds(1)) {
    rate.sent(now);
    rate.throttled(now);
  }
  EXPECT_EQ(*rate.limit(), AdaptiveRate::least);
}

TEST_F(AdaptiveRateTest, GrowsBackAlongTheCurveToWhereItWas) {
  send(100, seconds(5));
  rate.throttled(now);
  double before = *rate.limit();
  // CUBIC's K for a plateau of 100: the cube root of 100 * 0.3 / 0.4 is 4.2 seconds.
  for (int i = 0; i < 42; ++i) {
    send(static_cast<unsigned>(*rate.limit()), milliseconds(100), true);
    EXPECT_GE(*rate.limit(), before);
    before = *rate.limit();
  }
  EXPECT_NEAR(*rate.limit(), 100, 4);
  send(100, seconds(3), true);
  EXPECT_GT(*rate.limit(), 105) << "beyond the plateau it looks for more";
}

TEST_F(AdaptiveRateTest, GrowsToAtMostTwiceWhatIsSent) {
  send(1000, seconds(5));
  rate.throttled(now);
  send(10, seconds(2), true);
  const double limit = *rate.limit();
  EXPECT_GE(limit, 700);
  send(10, seconds(30), true);
  EXPECT_EQ(*rate.limit(), limit) << "success never lowers it, and nobody needs more";
}

TEST_F(AdaptiveRateTest, ARateAtWhichNothingGotThroughIsNoPlateau) {
  send(100, seconds(5));
  rate.throttled(now);
  rate.throttled(now + milliseconds(100));
  rate.throttled(now + milliseconds(200));
  now += milliseconds(200);
  EXPECT_NEAR(*rate.limit(), 34, 3);
  for (int i = 0; i < 42; ++i) send(static_cast<unsigned>(*rate.limit()), milliseconds(100), true);
  EXPECT_NEAR(*rate.limit(), 100, 5) << "the curve leads back to where something had got through";
}

TEST_F(AdaptiveRateTest, TheLimitGoesAMinuteAfterTheLastThrottling) {
  send(100, seconds(5));
  rate.throttled(now);
  rate.succeeded(now + seconds(60));
  EXPECT_TRUE(rate.limit());
  rate.succeeded(now + seconds(61));
  EXPECT_FALSE(rate.limit());
}

TEST_F(AdaptiveRateTest, AnOldLimitDoesNotBindTheNextCut) {
  send(10, seconds(5));
  rate.throttled(now);
  now += minutes(5);
  for (int i = 0; i < 100; ++i) rate.sent(now);
  rate.throttled(now);
  EXPECT_GE(*rate.limit(), 100);
}

}  // namespace
}  // namespace seekfs::objectstore
