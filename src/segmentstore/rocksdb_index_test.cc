// The RocksDB index: the contract of every index, damaged folders, and what only it does.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "env/temp_directory_testing.h"
#include "segmentstore/page_index.h"
#include "segmentstore/page_index_contract_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<PageIndex> open_rocksdb(const std::string& directory, std::uint64_t store_id) {
  auto index = make_rocksdb_index(env::posix_file_system(), directory, store_id, null_logger());
  if (index) return std::move(*index);
  ADD_FAILURE() << index.error().message;
  return nullptr;
}

class RocksdbContract : public testing::TestWithParam<PageIndexCase> {};
TEST_P(RocksdbContract, Holds) { GetParam().run(open_rocksdb); }
INSTANTIATE_TEST_SUITE_P(Index, RocksdbContract, testing::ValuesIn(page_index_cases()), page_index_case_name);

TEST(RocksdbIndex, SurvivesDamage) {
  constexpr std::uint64_t seeds = 100 / sanitized_divisor;
  EXPECT_GT(run_damage(open_rocksdb, 1, seeds), seeds / 4);
}

TEST(RocksdbIndex, ReadsNothingOfAnOlderSessionThatWasNotLoaded) {
  const env::TempDirectory directory;
  {
    const auto index = open_rocksdb(directory.path(), 1);
    ASSERT_TRUE(index->insert(7, {.segment = 1, .offset = 8}));
    ASSERT_TRUE(index->save({}));
  }
  const auto index = open_rocksdb(directory.path(), 1);
  EXPECT_FALSE(index->find(7));
  EXPECT_FALSE(index->may_contain(7));
  EXPECT_FALSE(index->erase(7, {.segment = 1, .offset = 8}));
  EXPECT_TRUE(index->entries_of(1).empty());
  ASSERT_TRUE(index->insert(8, {.segment = 1, .offset = 16}));
  EXPECT_EQ(index->size(), 1U);
  EXPECT_FALSE(index->find(7));
}

/// More changes than wait in RAM are written before the save; a kill between the two leaves no half of a checkpoint.
TEST(RocksdbIndex, IsRebuiltWhenItStoppedBetweenCheckpoints) {
  const env::TempDirectory directory;
  {
    const auto index = open_rocksdb(directory.path(), 1);
    ASSERT_TRUE(index->save({}));
    for (std::uint64_t i = 0; i < 600'000; ++i) {
      ASSERT_TRUE(index->insert(i * 0x9E3779B97F4A7C15U, {.segment = 1, .offset = 8 * i}));
    }
    EXPECT_LT(index->memory_bytes(), 64U << 20U);
    EXPECT_EQ(index->find(0), (Location{.segment = 1, .offset = 0}));
  }
  {
    const auto index = open_rocksdb(directory.path(), 1);
    const auto loaded = index->load({1});
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
    EXPECT_EQ(index->size(), 0U);
    EXPECT_FALSE(index->find(0));
  }
}

TEST(RocksdbIndex, AStoreThatIsOpenIsAConflict) {
  const env::TempDirectory directory;
  const auto index = open_rocksdb(directory.path(), 1);
  const auto second = make_rocksdb_index(env::posix_file_system(), directory.path(), 1, null_logger());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

/// Damage of a table that is met while in use: a miss, then nothing is taken in, then the next start begins anew.
TEST(RocksdbIndex, BeginsAnewAfterDamageInUse) {
  const env::TempDirectory directory;
  {
    const auto index = open_rocksdb(directory.path(), 1);
    for (std::uint64_t i = 0; i < 100'000; ++i) {
      ASSERT_TRUE(index->insert(i * 0x9E3779B97F4A7C15U, {.segment = 1, .offset = 8 * i}));
    }
    ASSERT_TRUE(index->save({}));
  }
  {
    const auto index = open_rocksdb(directory.path(), 1);
    ASSERT_TRUE(index->load({1}));
    for (const auto& entry : fs::directory_iterator(directory.at("rocksdb"))) {
      if (entry.path().extension() != ".sst") continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.write(std::string(200'000, 'x').data(), 200'000);
    }
    std::uint64_t misses = 0;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
      const auto location = index->find(i * 0x9E3779B97F4A7C15U);
      if (!location) ++misses;
      EXPECT_TRUE(!location || *location == (Location{.segment = 1, .offset = 8 * i}));
    }
    EXPECT_GT(misses, 0U);
    EXPECT_FALSE(index->insert(1, {.segment = 1, .offset = 8}));
    EXPECT_FALSE(index->save({}));
  }
  const auto index = open_rocksdb(directory.path(), 1);
  const auto loaded = index->load({1});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::corrupt);
  ASSERT_TRUE(index->insert(1, {.segment = 1, .offset = 8}));
  EXPECT_TRUE(index->save({}));
}

}  // namespace
}  // namespace seekfs::segmentstore
