// The tier over real stores in real directories: the L2 contract, restarts, and a directory that is pulled out.
#include <cstdlib>
#include <filesystem>
#include <tuple>

#include "async/timers.h"
#include "base/metrics.h"
#include "env/temp_directory_testing.h"
#include "l2/l2_contract_testing.h"
#include "segmentstore/segment_tier.h"
#include "segmentstore/tier_testing.h"

#include <thread>

namespace seekfs::segmentstore {
namespace {

/// Makes empty tiers, one after the other, each in directories of its own.
class RealTiers {
 public:
  explicit RealTiers(env::Clock& clock) : timers_(clock) {}

  Result<std::unique_ptr<SegmentTier>> open(const std::vector<std::string>& names, std::uint64_t capacity,
                                            TierOptions options = {}) {
    for (const std::string& name : names) {
      options.disks.push_back({.path = directory.at(name), .capacity = capacity, .segment_size = 4U << 20U});
    }
    return SegmentTier::open({env::posix_file_system(), *random_, timers_, metrics_, null_logger()},
                             std::move(options));
  }

  l2::L2Subject subject(std::size_t disks, IndexKind index) {
    const auto make = [this, disks, index](std::uint64_t capacity) -> std::unique_ptr<l2::L2> {
      TierOptions options;
      for (std::size_t i = 0; i < disks; ++i) {
        options.disks.push_back({.path = directory.at(std::to_string(++made_)),
                                 .capacity = capacity / disks,
                                 .segment_size = 4U << 20U,
                                 .index = index});
      }
      auto tier = SegmentTier::open({env::posix_file_system(), *random_, timers_, metrics_, null_logger()}, options);
      EXPECT_TRUE(tier) << tier.error().message;
      return tier ? *std::move(tier) : nullptr;
    };
    // A sixteenth of the tight one is a segment, and must take the suite's pages.
    return {.make = make,
            .settle = [](l2::L2& tier) { dynamic_cast<SegmentTier&>(tier).flush(); },
            .roomy = 64U << 20U,
            .tight = 4U << 20U};
  }

  env::TempDirectory directory;

 private:
  async::Timers timers_;
  MetricsRegistry metrics_;
  std::unique_ptr<env::Random> random_ = env::make_seeded_random(7);
  int made_ = 0;
};

class TierContract : public testing::TestWithParam<l2::L2ContractCase> {
 protected:
  std::unique_ptr<env::Clock> clock = env::make_system_clock();
  RealTiers tiers{*clock};
};
TEST_P(TierContract, HoldsWithOneDirectory) { GetParam().run(tiers.subject(1, IndexKind::native)); }
TEST_P(TierContract, HoldsWithTwoDirectories) { GetParam().run(tiers.subject(2, IndexKind::native)); }
TEST_P(TierContract, HoldsWithTheIndexInRocksDb) { GetParam().run(tiers.subject(1, IndexKind::rocksdb)); }
INSTANTIATE_TEST_SUITE_P(SegmentTier, TierContract, testing::ValuesIn(l2::l2_contract_cases()), l2::l2_contract_name);

class RealTierTest : public testing::Test {
 protected:
  static constexpr std::uint64_t capacity = 64U << 20U;
  env::ManualClock clock;
  RealTiers tiers{clock};
};

TEST_F(RealTierTest, KeepsItsPagesOverARestart) {
  for (int start = 0; start < 3; ++start) {
    const auto tier = tiers.open({"a", "b"}, capacity);
    ASSERT_TRUE(tier);
    for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(is_hit(**tier, tier_key(i)), start > 0) << i;
    for (std::uint32_t i = 0; i < 100; ++i) put_to(**tier, tier_key(i));
  }
}

TEST_F(RealTierTest, ADirectoryBelongsToOneTier) {
  const auto first = tiers.open({"a"}, capacity);
  ASSERT_TRUE(first);
  const auto second = tiers.open({"a"}, capacity);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST_F(RealTierTest, ADirectoryThatIsPulledOutComesBackEmpty) {
  const auto opened = tiers.open({"a"}, capacity);
  ASSERT_TRUE(opened);
  SegmentTier& tier = **opened;
  std::uint32_t number = 0;
  for (; number < 10; ++number) put_to(tier, tier_key(number));
  tier.flush();
  std::filesystem::remove_all(tiers.directory.at("a"));
  // Files that are open go on working; a new segment or a checkpoint finds out.
  while (tier.disks().front().up) {
    put_to(tier, tier_key(number++));
    tier.flush();
    clock.advance(std::chrono::seconds(1));
    std::ignore = get_from(tier, tier_key(number % 10));
  }
  while (!tier.disks().front().up) {
    clock.advance(std::chrono::seconds(1));
    std::this_thread::yield();
  }
  EXPECT_FALSE(is_hit(tier, tier_key(0))) << "it is gone, and that is all";
  put_to(tier, tier_key(0));
  tier.flush();
  EXPECT_TRUE(is_hit(tier, tier_key(0)));
}

}  // namespace
}  // namespace seekfs::segmentstore
