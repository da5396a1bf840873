// The 95th percentile: from when on there is one, and of which values.
#include "objectstore/latency_quantile.h"

#include <gtest/gtest.h>

namespace seekfs::objectstore {
namespace {

using std::chrono::milliseconds;

TEST(LatencyQuantileTest, SaysNothingOfAFewValues) {
  LatencyQuantile latencies;
  for (std::size_t i = 1; i < LatencyQuantile::least; ++i) {
    latencies.observe(milliseconds(10));
    EXPECT_FALSE(latencies.p95());
  }
  latencies.observe(milliseconds(10));
  EXPECT_EQ(latencies.p95(), milliseconds(10));
}

TEST(LatencyQuantileTest, IsTheValueThatATwentiethReachesOrPasses) {
  LatencyQuantile latencies;
  // 0 … 255 in an order of no use to a partial sort.
  for (std::size_t i = 0; i < LatencyQuantile::window; ++i) {
    latencies.observe(milliseconds(i * 101 % LatencyQuantile::window));
  }
  EXPECT_EQ(latencies.p95(), milliseconds(243));
}

TEST(LatencyQuantileTest, OnlyTheLatestCount) {
  LatencyQuantile latencies;
  for (std::size_t i = 0; i < LatencyQuantile::window; ++i) latencies.observe(milliseconds(500));
  EXPECT_EQ(latencies.p95(), milliseconds(500));
  for (std::size_t i = 0; i < LatencyQuantile::window; ++i) latencies.observe(milliseconds(5));
  EXPECT_EQ(latencies.p95(), milliseconds(5));
}

TEST(LatencyQuantileTest, FewSlowOnesDoNotMoveItAndManyDo) {
  LatencyQuantile latencies;
  for (std::size_t i = 0; i < LatencyQuantile::window; ++i) latencies.observe(milliseconds(i % 25 == 0 ? 900 : 20));
  EXPECT_EQ(latencies.p95(), milliseconds(20));
  for (std::size_t i = 0; i < LatencyQuantile::window; ++i) latencies.observe(milliseconds(i % 10 == 0 ? 900 : 20));
  EXPECT_EQ(latencies.p95(), milliseconds(900));
}

}  // namespace
}  // namespace seekfs::objectstore
