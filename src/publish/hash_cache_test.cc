// What the hash cache keeps, what it forgets, and that damage costs only what was damaged.
#include "publish/hash_cache.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "env/faulty_file_system.h"
#include "publish/publish_testing.h"

namespace seekfs::publish {
namespace {

constexpr std::int64_t second = 1'000'000'000;

FileState state(std::uint64_t inode) {
  return {.device = 1, .inode = inode, .size = 10, .mtime_ns = 100 * second, .ctime_ns = 90 * second};
}

HashedContent content(std::string_view text) {
  return {.hash = sha256(text), .page_size = 65536, .page_crcs = {1, 2, 0xFFFFFFFF}};
}

class HashCacheTest : public ::testing::Test {
 protected:
  std::unique_ptr<HashCache> open(env::FileSystem& files = env::posix_file_system()) {
    return std::make_unique<HashCache>(files, null_logger(), path_);
  }
  SourceTree folder_;
  std::string path_ = folder_.path_of("deep/cache");
};

TEST_F(HashCacheTest, RemembersAcrossRuns) {
  open()->remember("/a", state(1), 200 * second, content("a"));
  const auto cache = open();
  EXPECT_EQ(cache->find("/a", state(1)), content("a"));
  EXPECT_EQ(cache->find("/b", state(1)), std::nullopt);
}

TEST_F(HashCacheTest, AnyOtherStateIsNotThatFile) {
  const auto cache = open();
  cache->remember("/a", state(1), 200 * second, content("a"));
  for (int field = 0; field < 5; ++field) {
    FileState other = state(1);
    if (field == 0) ++other.device;
    if (field == 1) ++other.inode;
    if (field == 2) ++other.size;
    if (field == 3) ++other.mtime_ns;
    if (field == 4) ++other.ctime_ns;
    EXPECT_EQ(cache->find("/a", other), std::nullopt) << field;
  }
}

TEST_F(HashCacheTest, AFileThatWasNotAtRestIsNotRemembered) {
  const auto cache = open();
  cache->remember("/a", state(1), 100 * second + HashCache::rest_ns - 1, content("a"));
  EXPECT_EQ(cache->find("/a", state(1)), std::nullopt);
  cache->remember("/a", state(1), 100 * second + HashCache::rest_ns, content("a"));
  EXPECT_NE(cache->find("/a", state(1)), std::nullopt);
}

TEST_F(HashCacheTest, DamageLosesOnlyWhatFollowsIt) {
  {
    const auto cache = open();
    for (int i = 0; i < 10; ++i) cache->remember("/" + std::to_string(i), state(i), 200 * second, content("x"));
  }
  const auto size = std::filesystem::file_size(path_);
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(size / 2));
  file.put('!');
  file.close();
  const auto damaged = open();
  EXPECT_GT(damaged->size(), 2U);
  EXPECT_LT(damaged->size(), 7U);
  damaged->remember("/9", state(9), 200 * second, content("again"));
  damaged->flush();
}

TEST_F(HashCacheTest, AFileThatIsNoCacheIsReplaced) {
  folder_.write("deep/cache", "something else");
  open()->remember("/a", state(1), 200 * second, content("a"));
  EXPECT_EQ(open()->size(), 1U);
}

TEST_F(HashCacheTest, TheSecondOfTwoAtOnceReadsOnly) {
  open()->remember("/a", state(1), 200 * second, content("a"));
  const auto first = open();
  const auto second_one = open();
  EXPECT_NE(second_one->find("/a", state(1)), std::nullopt);
  second_one->remember("/b", state(2), 200 * second, content("b"));
  EXPECT_EQ(second_one->find("/b", state(2)), std::nullopt);
}

TEST_F(HashCacheTest, ADiskThatFailsIsAnEmptyCache) {
  const auto failing = env::make_faulty_file_system(
      env::posix_file_system(), [](env::FileOp op, const std::string&) -> std::optional<int> {
        return op == env::FileOp::open ? std::optional(EIO) : std::nullopt;
      });
  const auto cache = open(*failing);
  cache->remember("/a", state(1), 200 * second, content("a"));
  EXPECT_EQ(cache->size(), 0U);
}

TEST_F(HashCacheTest, SupersededRecordsAreDroppedInTime) {
  for (int round = 0; round < 3; ++round) {
    const auto cache = open();
    for (int i = 0; i < 1500; ++i) cache->remember("/a", state(i), 200 * second, content("a"));
  }
  open();
  EXPECT_LT(std::filesystem::file_size(path_), 1000U);
  EXPECT_NE(open()->find("/a", state(1499)), std::nullopt);
}

}  // namespace
}  // namespace seekfs::publish
