// Crashes at thousands of points: every page is whole or absent, what a checkpoint promised is there, a kill loses
// nothing, and the store goes on working.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "segmentstore/crash_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t shards = 8;
constexpr std::uint64_t seeds_per_shard = 2500 / sanitized_divisor;

class CrashPoints : public testing::TestWithParam<std::uint64_t> {};

TEST_P(CrashPoints, LoseNoPromiseAndGiveNoWrongByte) {
  const std::uint64_t first = GetParam() * seeds_per_shard;
  const CrashCounts counts = run_crash_seeds(first, seeds_per_shard);
  const std::string text = fmt::format(
      "seeds {} to {}: {} crashes inside an operation, {} in a recovery; {} hits, {} misses, {} had to be hits, {} "
      "were "
      "lost before they were durable, {} refused by their CRC, {} evicted before; outcome {:016x}",
      first, first + seeds_per_shard - 1, counts.crashes, counts.crashed_opens, counts.hits, counts.misses,
      counts.must_hits, counts.lost, counts.corrupt, counts.evicted, counts.outcome);
  std::puts(text.c_str());
  EXPECT_GT(counts.crashes, seeds_per_shard / 2) << text;
  EXPECT_GT(counts.must_hits, seeds_per_shard) << text;
  EXPECT_GT(counts.hits, seeds_per_shard) << text;
  // A disk on which nothing is ever lost would prove nothing.
  EXPECT_GT(counts.lost, seeds_per_shard / 10) << text;
  EXPECT_GT(counts.corrupt, 0U) << text;
  EXPECT_GT(counts.evicted, seeds_per_shard / 10) << text;
}

INSTANTIATE_TEST_SUITE_P(Shard, CrashPoints, testing::Range<std::uint64_t>(0, shards));

TEST(Crash, TheSameSeedsGiveTheSameRun) {
  constexpr std::uint64_t seeds = 400 / sanitized_divisor;
  EXPECT_EQ(run_crash_seeds(1'000'000, seeds).outcome, run_crash_seeds(1'000'000, seeds).outcome);
  EXPECT_NE(run_crash_seeds(1'000'000, seeds).outcome, run_crash_seeds(2'000'000, seeds).outcome);
}

}  // namespace
}  // namespace seekfs::segmentstore
