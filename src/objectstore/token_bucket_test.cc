// The bucket of tokens: rate, burst, and changes of the rate under way.
#include "objectstore/token_bucket.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class TokenBucketTest : public ::testing::Test {
 protected:
  unsigned take_all() {
    unsigned count = 0;
    while (count < 10'000 && bucket.take(now)) ++count;
    return count;
  }

  env::TimePoint now = env::TimePoint(hours(1));
  TokenBucket bucket{now};
};

TEST_F(TokenBucketTest, WithoutARateEverythingPasses) { EXPECT_EQ(take_all(), 10'000U); }

TEST_F(TokenBucketTest, LetsTheRateThroughAndATenthOfASecondAtOnce) {
  bucket.set_rate(100, now);
  EXPECT_EQ(take_all(), 10U);
  unsigned count = 0;
  for (int i = 0; i < 1000; ++i) {
    now += milliseconds(1);
    count += take_all();
  }
  EXPECT_NEAR(count, 100, 1);
  now += hours(5);
  EXPECT_EQ(take_all(), 10U) << "idle time does not pay for more than the burst";
}

TEST_F(TokenBucketTest, ASlowRateGathersOneToken) {
  bucket.set_rate(0.5, now);
  EXPECT_EQ(take_all(), 1U);
  now += milliseconds(1999);
  EXPECT_EQ(take_all(), 0U);
  now += milliseconds(2);
  EXPECT_EQ(take_all(), 1U);
}

TEST_F(TokenBucketTest, TellsWhenTheNextTokenComes) {
  bucket.set_rate(4, now);
  EXPECT_EQ(take_all(), 1U);
  const env::TimePoint next = bucket.next();
  EXPECT_GE(next, now + milliseconds(250));
  EXPECT_LE(next, now + milliseconds(251));
  EXPECT_FALSE(bucket.take(next - milliseconds(2)));
  EXPECT_TRUE(bucket.take(next));
}

TEST_F(TokenBucketTest, ATokenPutBackIsTakenAgainButGoesNotOverTheBurst) {
  bucket.set_rate(1, now);
  EXPECT_EQ(take_all(), 1U);
  bucket.put_back();
  bucket.put_back();
  EXPECT_EQ(take_all(), 1U);
}

TEST_F(TokenBucketTest, ANewRateKeepsWhatWasGathered) {
  bucket.set_rate(100, now);
  take_all();
  now += milliseconds(50);
  bucket.set_rate(1000, now);
  EXPECT_EQ(take_all(), 5U) << "what the old rate gave, not a new burst";
  now += seconds(1);
  bucket.set_rate(10, now);
  EXPECT_EQ(take_all(), 1U) << "as far as the new burst goes";
}

TEST_F(TokenBucketTest, ARateSetAgainChangesNothing) {
  bucket.set_rate(100, now);
  take_all();
  for (int i = 0; i < 100; ++i) bucket.set_rate(100, now);
  EXPECT_EQ(take_all(), 0U);
}

TEST_F(TokenBucketTest, WithoutARateAgainItForgets) {
  bucket.set_rate(100, now);
  take_all();
  bucket.set_rate(std::nullopt, now);
  EXPECT_EQ(take_all(), 10'000U);
  bucket.set_rate(100, now);
  EXPECT_EQ(take_all(), 10U) << "full after no limit";
}

}  // namespace
}  // namespace seekfs::objectstore
