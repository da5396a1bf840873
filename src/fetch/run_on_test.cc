// When one more page is worth its bytes, and what is known of a region.
#include "fetch/run_on.h"

#include <gtest/gtest.h>

#include "fetch/recent_demand.h"

namespace seekfs::fetch {
namespace {

constexpr std::uint64_t mib = 1U << 20U;
constexpr RunOnPolicy policy{.get_price_bytes = 300, .max_bytes = 1000, .prior = 0.5};

std::uint64_t bytes_taken(RunOn run, std::uint32_t len) {
  while (run.takes(len)) {
  }
  return run.bytes();
}

TEST(RunOn, GoesOnWhileAPageIsWorthItsBytes) {
  // With p = 1/4 a page is worth a third of a GET's price.
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0.25, 0}, 99), 990U);
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0.25, 0}, 101), 0U);
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0.25, 0.5}, 299), 897U) << "readers are denser here than elsewhere";
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0, 0}, 1), 0U);
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 1, 0}, 1000), 1000U);
}

TEST(RunOn, StaysWithinTheLimitsOfThePolicyAndOfAGet) {
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 1, 0}, 300), 900U);
  EXPECT_EQ(bytes_taken({policy, 9'300, 10'000, 1, 0}, 300), 600U);
  EXPECT_EQ(bytes_taken({policy, 12'000, 10'000, 1, 0}, 1), 0U) << "one page may be larger than a GET may be";
  EXPECT_EQ(bytes_taken({{}, 0, 10'000, 1, 1}, 1), 0U) << "no policy";
}

TEST(RunOn, APageThatIsNotTakenEndsIt) {
  RunOn run(policy, 0, 10'000, 1, 0);
  EXPECT_TRUE(run.takes(600));
  EXPECT_FALSE(run.takes(500));
  EXPECT_FALSE(run.takes(1));
}

TEST(FetchPolicy, PoliciesLieInOrderAndWithinTheLimitOfAGet) {
  const RunOnPolicy latency = run_on_policy(FetchPolicy::latency, 32 * mib);
  const RunOnPolicy balanced = run_on_policy(FetchPolicy::balanced, 32 * mib);
  const RunOnPolicy fewest = run_on_policy(FetchPolicy::fewest_gets, 32 * mib);
  EXPECT_LT(latency.get_price_bytes, balanced.get_price_bytes);
  EXPECT_LT(balanced.get_price_bytes, fewest.get_price_bytes);
  EXPECT_LT(latency.max_bytes, balanced.max_bytes);
  EXPECT_LE(balanced.max_bytes, fewest.max_bytes);
  EXPECT_LE(fewest.max_bytes, 32 * mib);
  EXPECT_LE(run_on_policy(FetchPolicy::balanced, mib).max_bytes, mib);
}

TEST(RecentDemand, IsTheShareOfTheRegionAndFades) {
  RecentDemand demand;
  const env::TimePoint now{};
  EXPECT_EQ(demand.density("a", 0, now), 0);
  demand.note("a", 0, mib, now);
  demand.note("a", 2 * mib, mib, now);
  EXPECT_DOUBLE_EQ(demand.density("a", 3 * mib, now), 0.5);
  EXPECT_EQ(demand.density("a", 4 * mib, now), 0) << "another region";
  EXPECT_EQ(demand.density("b", 0, now), 0) << "another object";
  EXPECT_DOUBLE_EQ(demand.density("a", 0, now + RecentDemand::half_life), 0.25);
  for (int i = 0; i < 9; ++i) demand.note("a", 0, mib, now);
  EXPECT_EQ(demand.density("a", 0, now), 1);
}

}  // namespace
}  // namespace seekfs::fetch
