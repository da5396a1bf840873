// Delays and rates, without a clock.
#include "bench/delay.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace seekfs::bench {
namespace {

using std::chrono::milliseconds;

constexpr env::TimePoint start{std::chrono::hours(1)};

TEST(DelayTest, EveryPieceWaits) {
  const auto random = env::make_seeded_random(1);
  Delay delay(milliseconds(10), {}, *random);
  EXPECT_EQ(delay.due(start), start + milliseconds(10));
  EXPECT_EQ(delay.due(start + milliseconds(3)), start + milliseconds(13));
}

TEST(DelayTest, JitterKeepsBoundsAndOrder) {
  const auto random = env::make_seeded_random(2);
  std::set<env::Duration> waits;
  for (int count = 0; count < 1000; ++count) {
    Delay fresh(milliseconds(10), milliseconds(4), *random);
    waits.insert(fresh.due(start) - start);
  }
  EXPECT_GE(*waits.begin(), milliseconds(6));
  EXPECT_LE(*waits.rbegin(), milliseconds(14));
  EXPECT_GT(*waits.rbegin() - *waits.begin(), milliseconds(7));

  Delay delay(milliseconds(10), milliseconds(4), *random);
  env::TimePoint last;
  for (int count = 0; count < 1000; ++count) {
    const env::TimePoint due = delay.due(start + std::chrono::microseconds(count));
    EXPECT_GE(due, last);
    last = due;
  }
}

TEST(DelayTest, JitterLargerThanTheDelayIsNeverATripIntoThePast) {
  const auto random = env::make_seeded_random(3);
  for (int count = 0; count < 100; ++count) {
    Delay delay(milliseconds(1), milliseconds(50), *random);
    EXPECT_GE(delay.due(start), start);
  }
}

TEST(WireTest, BytesPassOneBehindTheOther) {
  Wire wire(1'000'000);
  EXPECT_TRUE(wire.is_limited());
  EXPECT_EQ(wire.pass(start, 1000), start + milliseconds(1));
  EXPECT_EQ(wire.pass(start, 2000), start + milliseconds(3));
  EXPECT_EQ(wire.busy_until(), start + milliseconds(3));
  EXPECT_EQ(wire.pass(start + milliseconds(10), 1000), start + milliseconds(11));
}

TEST(WireTest, WithoutARateNothingWaits) {
  Wire wire(0);
  EXPECT_FALSE(wire.is_limited());
  EXPECT_EQ(wire.pass(start, 1'000'000'000), start);
  EXPECT_LT(wire.busy_until(), start);
}

}  // namespace
}  // namespace seekfs::bench
