// When a disk is switched off, when it is tried again, and the pace of tidying.
#include "segmentstore/disk_health.h"

#include <gtest/gtest.h>

#include "segmentstore/upkeep_pace.h"

namespace seekfs::segmentstore {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DiskHealthTest : public testing::Test {
 protected:
  bool fails(DiskOp op) { return health.failed(op, Error(ErrorCode::transient, "the disk is ill"), now); }

  env::TimePoint now{std::chrono::hours(1)};
  DiskHealth health{{.errors_to_close = 3, .first_retry = seconds(1), .last_retry = seconds(8)}, now};
};

TEST_F(DiskHealthTest, StartsOffAndIsDueAtOnce) {
  EXPECT_FALSE(health.up());
  EXPECT_EQ(health.retry_at(), now);
  EXPECT_FALSE(health.reason().empty());
  health.opened(now);
  EXPECT_TRUE(health.up());
  EXPECT_EQ(health.reason(), "");
  EXPECT_EQ(health.retry_at(), env::TimePoint::max());
}

TEST_F(DiskHealthTest, GoesOffAtTheThirdErrorInARow) {
  health.opened(now);
  EXPECT_FALSE(fails(DiskOp::read));
  EXPECT_FALSE(fails(DiskOp::read));
  health.succeeded(DiskOp::read);
  EXPECT_FALSE(fails(DiskOp::read));
  EXPECT_FALSE(fails(DiskOp::read));
  EXPECT_TRUE(health.up());
  EXPECT_TRUE(fails(DiskOp::read));
  EXPECT_FALSE(health.up());
  EXPECT_EQ(health.reason(), "the disk is ill");
  EXPECT_EQ(health.retry_at(), now + seconds(1));
  EXPECT_FALSE(fails(DiskOp::read)) << "it is off already";
}

TEST_F(DiskHealthTest, ReadsThatSucceedDoNotHideWritesThatFail) {
  health.opened(now);
  EXPECT_FALSE(fails(DiskOp::append));
  health.succeeded(DiskOp::read);
  EXPECT_FALSE(fails(DiskOp::append));
  health.succeeded(DiskOp::read);
  health.succeeded(DiskOp::checkpoint);
  EXPECT_TRUE(fails(DiskOp::append));
}

TEST_F(DiskHealthTest, IsTriedAgainAtDoubledIntervalsUpToTheLast) {
  for (const int pause : {1, 2, 4, 8, 8}) {
    health.open_failed(Error(ErrorCode::transient, "no such disk"), now);
    EXPECT_EQ(health.retry_at(), now + seconds(pause));
    now = health.retry_at();
  }
  EXPECT_EQ(health.reason(), "no such disk");
}

TEST_F(DiskHealthTest, OnTrialTheFirstErrorOfAnOperationIsOneTooMany) {
  health.open_failed(Error(ErrorCode::transient, ""), now);
  health.opened(now);
  health.succeeded(DiskOp::read);
  EXPECT_FALSE(fails(DiskOp::read)) << "reads have proved themselves";
  EXPECT_TRUE(fails(DiskOp::append));
}

TEST_F(DiskHealthTest, TheIntervalStartsAnewOnlyAfterAGoodWhile) {
  health.open_failed(Error(ErrorCode::transient, ""), now);
  health.opened(now);
  now += seconds(7);
  EXPECT_TRUE(fails(DiskOp::append));
  EXPECT_EQ(health.retry_at(), now + seconds(2));
  health.opened(now);
  now += seconds(8);
  EXPECT_TRUE(fails(DiskOp::append));
  EXPECT_EQ(health.retry_at(), now + seconds(1));
}

TEST(UpkeepPace, PushesTheNextStepAwayByWhatTheLastMoved) {
  env::TimePoint now{};
  UpkeepPace pace(1U << 20U, now);
  EXPECT_TRUE(pace.may_step(now));
  pace.stepped(2U << 20U, now);
  EXPECT_FALSE(pace.may_step(now + milliseconds(1999)));
  EXPECT_TRUE(pace.may_step(now + milliseconds(2000)));
  pace.stepped(0, now);
  EXPECT_FALSE(pace.may_step(now)) << "a step that moved nothing is not free";
}

}  // namespace
}  // namespace seekfs::segmentstore
