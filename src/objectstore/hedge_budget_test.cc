// The budget of hedges: their share of the requests, the burst, and the quiet after throttling.
#include "objectstore/hedge_budget.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr env::TimePoint now{hours(1)};

unsigned take_all(HedgeBudget& budget) {
  unsigned count = 0;
  for (; budget.available(now); ++count) budget.take();
  return count;
}

TEST(HedgeBudgetTest, AtMostATwentiethOfTheRequests) {
  HedgeBudget budget;
  EXPECT_FALSE(budget.available(now)) << "nothing was requested";
  unsigned hedges = 0;
  for (int request = 1; request <= 1000; ++request) {
    budget.requested();
    hedges += take_all(budget);
    EXPECT_LE(hedges * 20, static_cast<unsigned>(request));
  }
  EXPECT_EQ(hedges, 50U);
}

TEST(HedgeBudgetTest, AQuietHourDoesNotPayForABigBurst) {
  HedgeBudget budget;
  for (int request = 0; request < 1'000'000; ++request) budget.requested();
  EXPECT_EQ(take_all(budget), HedgeBudget::burst);
}

TEST(HedgeBudgetTest, NoneForAWhileAfterThrottling) {
  HedgeBudget budget;
  for (int request = 0; request < 100; ++request) budget.requested();
  EXPECT_TRUE(budget.available(now));
  budget.throttled(now);
  EXPECT_FALSE(budget.available(now));
  EXPECT_FALSE(budget.available(now + HedgeBudget::quiet_after_throttling - milliseconds(1)));
  EXPECT_TRUE(budget.available(now + HedgeBudget::quiet_after_throttling));
}

}  // namespace
}  // namespace seekfs::objectstore
