// Descriptions of data sets, and their files on disk.
#include "bench/data_set.h"

#include <gtest/gtest.h>

#include "bench/content.h"
#include "env/simulated_disk_testing.h"

namespace seekfs::bench {
namespace {

constexpr DataSet little{
    .seed = 9, .shards = 2, .shard_size = 3 * MiB + 5, .small_files = 1003, .small_min = 1, .small_max = 300};

TEST(DataSetTest, IsReadAsItWasWritten) {
  EXPECT_EQ(parse_data_set(to_json(little)).value(), little);
  const DataSet largest{.seed = UINT64_MAX, .shards = 1, .shard_size = std::uint64_t{1} << 50U, .small_files = 0};
  EXPECT_EQ(parse_data_set(to_json(largest)).value(), largest);
}

TEST(DataSetTest, RefusesOtherDescriptions) {
  const std::string good = to_json(little);
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    return text.replace(text.find(from), from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{}"), good + "x", with("data/1", "data/2"),
        with("\"seed\"", "\"sed\""), with("1003", "-1"), with("1003", "1.5"), with("1003", "\"1\""),
        with("\"shard_size\":3145733", "\"shard_size\":0")}) {
    const auto parsed = parse_data_set(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid) << text;
  }
}

TEST(DataSetTest, ChecksItsNumbers) {
  EXPECT_TRUE(check(little));
  EXPECT_TRUE(check({.shards = 0, .shard_size = 0}));
  EXPECT_FALSE(check({.shards = 0, .small_files = 0}));
  EXPECT_FALSE(check({.shard_size = 0}));
  EXPECT_FALSE(check({.shards = 10'000'001}));
  EXPECT_FALSE(check({.small_files = 10'000'001}));
  EXPECT_FALSE(check({.shards = 2, .shard_size = (std::uint64_t{1} << 49U) + 1}));
  EXPECT_FALSE(check({.small_min = 0}));
  EXPECT_FALSE(check({.small_min = 5, .small_max = 4}));
}

TEST(DataSetTest, SizesOfSmallFilesAreLogUniform) {
  const DataSet data{.small_min = 4 * KiB, .small_max = 256 * KiB};
  std::uint64_t below_middle = 0;
  for (std::uint64_t number = 0; number < 6000; ++number) {
    const std::uint64_t size = data.small_size(number);
    ASSERT_GE(size, data.small_min);
    ASSERT_LE(size, data.small_max);
    if (size < 32 * KiB) ++below_middle;
  }
  EXPECT_NEAR(static_cast<double>(below_middle), 3000, 200);
}

TEST(Prepare, WritesEveryFileWithItsBytes) {
  const auto disk = env::make_simulated_disk(64 * MiB);
  env::FileSystem& files = *disk;
  EXPECT_EQ(prepare(little, "/data", files).value(), little.total_bytes());
  const auto check_file = [&](const std::string& path, std::uint64_t size) {
    const auto text = read_file(files, "/data/" + path, 4 * MiB);
    ASSERT_TRUE(text) << path;
    ASSERT_EQ(text->size(), size);
    ASSERT_EQ(Content(little.seed, path).first_wrong(0, std::as_bytes(std::span(*text))), std::nullopt) << path;
  };
  for (std::uint64_t number = 0; number < little.shards; ++number)
    check_file(DataSet::shard_path(number), little.shard_size);
  for (std::uint64_t number = 0; number < little.small_files; ++number) {
    check_file(DataSet::small_path(number), little.small_size(number));
  }
  EXPECT_EQ(parse_data_set(read_file(files, "/data/seekfs-bench.json", KiB).value()).value(), little);
}

TEST(Prepare, WritesOverTheSameDataSetOnly) {
  const auto disk = env::make_simulated_disk(64 * MiB);
  env::FileSystem& files = *disk;
  DataSet data{.shards = 1, .shard_size = 10, .small_files = 0};
  ASSERT_TRUE(prepare(data, "/data", files));
  EXPECT_TRUE(prepare(data, "/data", files));
  data.seed = 2;
  EXPECT_EQ(prepare(data, "/data", files).error().code, ErrorCode::precondition_failed);
  ASSERT_TRUE(write_file_atomically(files, "/data/seekfs-bench.json", "something else", false));
  EXPECT_EQ(prepare(data, "/data", files).error().code, ErrorCode::precondition_failed);
}

}  // namespace
}  // namespace seekfs::bench
