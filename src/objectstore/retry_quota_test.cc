// The quota of retries: what each kind costs, and what comes back.
#include "objectstore/retry_quota.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore {
namespace {

unsigned retries_left(RetryQuota& quota, RetryKind kind) {
  unsigned count = 0;
  while (quota.take(kind)) ++count;
  return count;
}

TEST(RetryQuotaTest, WithoutSuccessItEnds) {
  RetryQuota transient;
  EXPECT_EQ(retries_left(transient, RetryKind::transient), 500U / 14);
  RetryQuota throttled;
  EXPECT_EQ(retries_left(throttled, RetryKind::throttled), 500U / 5);
}

TEST(RetryQuotaTest, ARefusedRetryCostsNothing) {
  RetryQuota quota;
  retries_left(quota, RetryKind::transient);
  const std::uint32_t left = quota.available();
  EXPECT_LT(left, RetryQuota::transient_cost);
  EXPECT_FALSE(quota.take(RetryKind::transient));
  EXPECT_EQ(quota.available(), left);
  EXPECT_EQ(retries_left(quota, RetryKind::throttled), left / 5);
}

TEST(RetryQuotaTest, ARetrysSuccessGivesBackWhatItPaidAndAnyOtherOne) {
  RetryQuota quota;
  const auto transient = quota.take(RetryKind::transient);
  const auto throttled = quota.take(RetryKind::throttled);
  ASSERT_TRUE(transient && throttled);
  EXPECT_EQ(quota.available(), 500U - 14 - 5);
  quota.succeeded({});
  EXPECT_EQ(quota.available(), 500U - 14 - 4);
  quota.succeeded(*transient);
  EXPECT_EQ(quota.available(), 500U - 4);
  quota.put_back(*throttled);
  EXPECT_EQ(quota.available(), 500U) << "never more than the capacity";
  quota.put_back({});
  EXPECT_EQ(quota.available(), 500U);
}

}  // namespace
}  // namespace seekfs::objectstore
