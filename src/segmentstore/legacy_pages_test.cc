// Pages of the older layout: their names, finding, checking, moving in, and giving way.
#include "segmentstore/legacy_pages.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "async/timers.h"
#include "base/metrics.h"
#include "env/temp_directory_testing.h"
#include "segmentstore/segment_tier.h"
#include "segmentstore/tier_testing.h"

namespace seekfs::segmentstore {
namespace {

class LegacyPagesTest : public testing::Test {
 protected:
  std::string file_of(const manifest::PageKey& key) const {
    const std::string hex = legacy_name(key, tier_facts(key)).hex();
    return directory.at(hex.substr(0, 2) + "/" + hex.substr(2, 2) + "/" + hex.substr(4) + ".slab");
  }

  void write(const manifest::PageKey& key, std::vector<std::byte> bytes) {
    const std::string path = file_of(key);
    ASSERT_TRUE(files.make_directories(path.substr(0, path.rfind('/'))));
    const auto file = files.open(path, {.write = true, .create = true, .truncate = true});
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(0, bytes));
  }
  void write(const manifest::PageKey& key) { write(key, tier_bytes(key)); }

  bool there(const manifest::PageKey& key) const { return std::filesystem::exists(file_of(key)); }

  Result<std::unique_ptr<SegmentTier>> open_tier(std::uint64_t capacity = 64U << 20U) {
    TierOptions options;
    options.disks = {{.path = directory.path(), .capacity = capacity, .segment_size = 4U << 20U}};
    return SegmentTier::open({files, *random, timers, metrics, null_logger()}, options);
  }

  env::FileSystem& files = env::posix_file_system();
  env::TempDirectory directory;
  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  LegacyPages pages{files, directory.path(), null_logger()};
};

TEST_F(LegacyPagesTest, NamesAreTheHashOfTheManifestsWordsAndThePageId) {
  manifest::PageKey key;
  key.page_id = 0x01020304;
  const l2::PageFacts facts{.ns = "demo", .path = "train/a.bin", .hash = "00ff"};
  using namespace std::string_literals;
  EXPECT_EQ(legacy_name(key, facts), sha256("demo|train/a.bin|sha256:00ff|\x04\x03\x02\x01"s));
}

TEST_F(LegacyPagesTest, WithoutFoldersThereIsNothingToLookUp) {
  ASSERT_TRUE(files.make_directories(directory.at("index")));
  ASSERT_TRUE(pages.scan());
  EXPECT_EQ(pages.size(), 0U);
  EXPECT_FALSE(pages.find(tier_key(0), tier_facts(tier_key(0))));
}

TEST_F(LegacyPagesTest, FindsAndReadsWhatIsThere) {
  for (std::uint32_t i = 0; i < 20; ++i) write(tier_key(i));
  ASSERT_TRUE(files.make_directories(directory.at("ab/cd/ef")));
  ASSERT_TRUE(files.make_directories(directory.at("AB/cd")));
  ASSERT_TRUE(env::write_file_atomically(files, directory.at("ab/cd/short.slab"), "x", false));
  ASSERT_TRUE(pages.scan());
  EXPECT_EQ(pages.size(), 20U);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const auto name = pages.find(tier_key(i), tier_facts(tier_key(i)));
    ASSERT_TRUE(name);
    std::vector<std::byte> out(tier_page_size);
    EXPECT_EQ(pages.read(*name, tier_facts(tier_key(i)).crc32c, out), true);
    EXPECT_TRUE(out == tier_bytes(tier_key(i))) << i;
  }
  EXPECT_FALSE(pages.find(tier_key(20), tier_facts(tier_key(20))));
}

TEST_F(LegacyPagesTest, RemovesDamagedOnes) {
  std::vector<std::byte> flipped = tier_bytes(tier_key(0));
  flipped[500] ^= std::byte{4};
  write(tier_key(0), flipped);
  write(tier_key(1), std::vector<std::byte>(tier_page_size - 1));
  write(tier_key(2), std::vector<std::byte>(tier_page_size + 1));
  ASSERT_TRUE(pages.scan());
  for (std::uint32_t i = 0; i < 3; ++i) {
    std::vector<std::byte> out(tier_page_size);
    const auto name = pages.find(tier_key(i), tier_facts(tier_key(i)));
    ASSERT_TRUE(name);
    EXPECT_EQ(pages.read(*name, tier_facts(tier_key(i)).crc32c, out), false);
    EXPECT_FALSE(there(tier_key(i)));
    EXPECT_FALSE(pages.find(tier_key(i), tier_facts(tier_key(i))));
  }
  EXPECT_EQ(pages.size(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path())) << "the folders are gone too";
}

TEST_F(LegacyPagesTest, AFileThatVanishedIsAMiss) {
  write(tier_key(0));
  ASSERT_TRUE(pages.scan());
  std::filesystem::remove_all(file_of(tier_key(0)));
  std::vector<std::byte> out(tier_page_size);
  const auto name = pages.find(tier_key(0), tier_facts(tier_key(0)));
  ASSERT_TRUE(name);
  EXPECT_EQ(pages.read(*name, 0, out), false);
  EXPECT_EQ(pages.size(), 0U);
}

TEST_F(LegacyPagesTest, RemovesAsMuchAsIsAskedFor) {
  for (std::uint32_t i = 0; i < 20; ++i) write(tier_key(i));
  ASSERT_TRUE(pages.scan());
  EXPECT_EQ(pages.remove_some(0), 0U);
  EXPECT_EQ(pages.size(), 20U);
  const std::uint64_t freed = pages.remove_some(5 * 4096);
  EXPECT_GE(freed, 5U * 4096);
  EXPECT_EQ(pages.size(), 15U);
  pages.remove_some(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(pages.size(), 0U);
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(LegacyPagesTest, TheTierMovesInWhatIsRead) {
  for (std::uint32_t i = 0; i < 3; ++i) write(tier_key(i));
  std::vector<std::byte> flipped = tier_bytes(tier_key(3));
  flipped[0] ^= std::byte{1};
  write(tier_key(3), flipped);
  {
    const auto tier = open_tier();
    ASSERT_TRUE(tier);
    EXPECT_TRUE((*tier)->may_contain(tier_key(0), tier_facts(tier_key(0))));
    EXPECT_FALSE((*tier)->may_contain(tier_key(9), tier_facts(tier_key(9))));
    EXPECT_TRUE(is_hit(**tier, tier_key(0)));
    EXPECT_TRUE(is_hit(**tier, tier_key(1)));
    EXPECT_FALSE(is_hit(**tier, tier_key(3)));
    (*tier)->flush();
    EXPECT_EQ((*tier)->stats().pages, 2U);
    EXPECT_TRUE(is_hit(**tier, tier_key(0)));
  }
  EXPECT_FALSE(there(tier_key(0)));
  EXPECT_FALSE(there(tier_key(1)));
  EXPECT_TRUE(there(tier_key(2))) << "nobody has read it yet";
  EXPECT_FALSE(there(tier_key(3)));
  const auto again = open_tier();
  ASSERT_TRUE(again);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_TRUE(is_hit(**again, tier_key(i)));
}

TEST_F(LegacyPagesTest, TheyGiveWayToNewPagesWithinTheCapacity) {
  constexpr std::uint64_t capacity = 4U << 20U;
  constexpr std::uint32_t size = 64U << 10U;
  for (std::uint32_t i = 0; i < 100; ++i) write(tier_key(i, size));
  const auto tier = open_tier(capacity);
  ASSERT_TRUE(tier);
  for (std::uint32_t i = 200; i < 300; ++i) {
    put_to(**tier, tier_key(i, size));
    (*tier)->flush();
  }
  EXPECT_LE((*tier)->disks().front().disk_bytes, capacity);
  EXPECT_GE((*tier)->stats().pages, 30U);
  std::uint32_t left = 0;
  for (std::uint32_t i = 0; i < 100; ++i) left += there(tier_key(i, size)) ? 1U : 0U;
  EXPECT_LT(left, 20U);
}

TEST_F(LegacyPagesTest, DroppingAllDropsThemToo) {
  for (std::uint32_t i = 0; i < 3; ++i) write(tier_key(i));
  const auto tier = open_tier();
  ASSERT_TRUE(tier);
  EXPECT_TRUE(async::sync_wait((*tier)->drop_all()));
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(is_hit(**tier, tier_key(i)));
    EXPECT_FALSE(there(tier_key(i)));
  }
}

}  // namespace
}  // namespace seekfs::segmentstore
