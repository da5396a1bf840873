// Twenty processes before an origin that throttles, storms or is dead: what reaches it, and that all comes back.
#include "objectstore/origin_simulation_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace seekfs::objectstore {
namespace {

using std::chrono::seconds;

constexpr std::size_t clients = 20;

double per_second(const OriginSimulation& run, std::size_t from, std::size_t to) {
  return static_cast<double>(run.sum(from, to).arrived) / static_cast<double>(to - from);
}

void expect_cold_start_to_settle(std::optional<env::Duration> retry_after) {
  constexpr double allowed = 200;
  constexpr std::size_t settled = 4;
  OriginSimulation run(clients, {.readers = 64, .reads = 400}, 1);
  run.set({.per_second = allowed, .retry_after = retry_after});
  run.run(seconds(120));
  ASSERT_TRUE(run.all_finished_in());
  std::uint64_t busiest = 0;
  for (std::size_t i = settled; i < run.by_second().size(); ++i)
    busiest = std::max(busiest, run.by_second()[i].arrived);
  fmt::print("first second {}, busiest after {} s {}, mean of 5 s to 25 s {:.0f}, all finished in {} s\n",
             run.by_second()[0].arrived, settled, busiest, per_second(run, 5, 25), *run.all_finished_in());
  EXPECT_LE(static_cast<double>(busiest), allowed * 1.2);
  EXPECT_GE(static_cast<double>(run.sum(5, 25).served), allowed * 20 * 0.9);
  EXPECT_LE(*run.all_finished_in(), 60U);
  EXPECT_EQ(run.in_flight(), 0U);
}

TEST(OriginSimulation, AColdStartSettlesAtWhatTheOriginAllows) { expect_cold_start_to_settle(std::nullopt); }

TEST(OriginSimulation, AColdStartSettlesWithRetryAfterToo) { expect_cold_start_to_settle(seconds(1)); }

/// 20 healthy seconds, 60 s of the storm, 60 s of recovery.
OriginSimulation::Second storm_of(OriginWeather::Kind kind, std::size_t recovered_after) {
  OriginSimulation run(clients, {.readers = 4}, 7);
  run.set({});
  run.run(seconds(20));
  run.set({.kind = kind});
  run.run(seconds(60));
  run.set({});
  run.run(seconds(61));
  const double healthy = per_second(run, 5, 20);
  std::uint64_t busiest = 0;
  for (std::size_t i = 20; i < 80; ++i) busiest = std::max(busiest, run.by_second()[i].arrived);
  const OriginSimulation::Second storm = run.sum(20, 80);
  const std::size_t back = 80 + recovered_after;
  fmt::print("healthy {:.0f}/s, busiest second of the storm {}, in all {}, mean from {} s after it {:.0f}/s\n", healthy,
             busiest, storm.arrived, recovered_after, per_second(run, back, 140));
  EXPECT_LE(static_cast<double>(busiest), healthy);
  EXPECT_GE(per_second(run, back, 140), healthy * 0.9);
  return storm;
}

TEST(OriginSimulation, AStormOfThrottlingIsNeverAnsweredWithMore) { storm_of(OriginWeather::Kind::throttling, 20); }

TEST(OriginSimulation, ADeadOriginIsHardlyAsked) {
  // The breaker's longest pause may have begun just before the origin is back.
  const OriginSimulation::Second storm = storm_of(OriginWeather::Kind::failing, 40);
  EXPECT_LE(storm.arrived, clients * 75);
}

}  // namespace
}  // namespace seekfs::objectstore
