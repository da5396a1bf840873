// A million crash points.
#include <gtest/gtest.h>

#include "segmentstore/crash_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t shards = 50;
constexpr std::uint64_t seeds_per_shard = 20'000;
/// Beyond the seeds of the unit test.
constexpr std::uint64_t first_seed = 10'000'000;

class ManyCrashPoints : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ManyCrashPoints, LoseNoPromiseAndGiveNoWrongByte) {
  const CrashCounts counts = run_crash_seeds(first_seed + GetParam() * seeds_per_shard, seeds_per_shard);
  EXPECT_GT(counts.must_hits, seeds_per_shard);
  EXPECT_GT(counts.lost, seeds_per_shard / 10);
}

INSTANTIATE_TEST_SUITE_P(Shard, ManyCrashPoints, testing::Range<std::uint64_t>(0, shards));

}  // namespace
}  // namespace seekfs::segmentstore
