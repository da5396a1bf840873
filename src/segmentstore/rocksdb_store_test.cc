// A store whose index is RocksDB, from end to end on a real disk: reopened, killed, over capacity, index lost or
// damaged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "env/temp_directory_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

namespace fs = std::filesystem;

class RocksdbStore : public testing::Test {
 protected:
  RocksdbStore() { opened(); }

  /// As after a kill, unless close() was called before.
  void opened() {
    const Status status = store_.open();
    ASSERT_TRUE(status) << status.error().message;
  }
  void put_all(const std::vector<NewPage>& pages) {
    for (const NewPage& page : pages) {
      const Status appended = store_.append(page);
      ASSERT_TRUE(appended) << appended.error().message;
    }
  }
  std::uint64_t hits(const std::vector<NewPage>& pages) {
    std::uint64_t count = 0;
    for (const NewPage& page : pages) {
      const bool announced = store_->may_contain(page.key);
      const TestRead read = store_.read(page);
      EXPECT_NE(read, TestRead::corrupt);
      EXPECT_TRUE(announced || read == TestRead::miss);
      count += read == TestRead::hit ? 1U : 0U;
    }
    return count;
  }
  std::string index_folder() const { return directory_.at("store/index/rocksdb"); }

  static constexpr std::uint64_t capacity = 8U << 20U;
  env::TempDirectory directory_;
  StoreForTest store_{
      env::posix_file_system(),
      {.path = directory_.at("store"), .capacity = capacity, .segment_size = capacity, .index = IndexKind::rocksdb}};
};

TEST_F(RocksdbStore, KeepsPagesOverACloseAndOverAKill) {
  const auto pages = make_test_pages(300, 10'000, 1);
  put_all(pages);
  EXPECT_EQ(hits(pages), pages.size());
  opened();  // killed before any checkpoint: found by walking the segments
  EXPECT_EQ(hits(pages), pages.size());
  ASSERT_TRUE(store_->close());
  opened();
  EXPECT_EQ(hits(pages), pages.size());
  EXPECT_EQ(store_->stats().pages, pages.size());
  store_->remove(pages[7].key);
  ASSERT_TRUE(store_->close());
  opened();
  EXPECT_EQ(hits(pages), pages.size() - 1);
}

TEST_F(RocksdbStore, StaysWithinItsCapacityWhileItEvicts) {
  std::vector<NewPage> last;
  for (std::uint64_t round = 0; round < 12; ++round) {
    std::vector<NewPage> pages;
    for (std::uint64_t i = 0; i < 200; ++i) pages.push_back(make_test_page(round * 200 + i, 16'000));
    put_all(pages);
    ASSERT_TRUE(store_->checkpoint());
    ASSERT_LE(bytes_on_disk(env::posix_file_system(), directory_.at("store")), capacity) << "round " << round;
    if (round % 4 == 3) {
      ASSERT_TRUE(store_->close());
      ASSERT_LE(bytes_on_disk(env::posix_file_system(), directory_.at("store")), capacity) << "round " << round;
      opened();
    }
    last = std::move(pages);
  }
  EXPECT_GT(hits(last), last.size() / 2);
  EXPECT_LE(store_->stats().disk_bytes, capacity);
}

TEST_F(RocksdbStore, RebuildsAnIndexThatIsLost) {
  const auto pages = make_test_pages(300, 10'000, 1);
  put_all(pages);
  ASSERT_TRUE(store_->close());
  store_.abandon();
  fs::remove_all(index_folder());
  opened();
  EXPECT_EQ(hits(pages), pages.size());
  ASSERT_TRUE(store_->close());
  store_.abandon();
  fs::remove_all(directory_.at("store/index"));
  opened();
  EXPECT_EQ(hits(pages), pages.size());
}

TEST_F(RocksdbStore, RebuildsADamagedIndex) {
  const auto pages = make_test_pages(300, 10'000, 1);
  put_all(pages);
  ASSERT_TRUE(store_->close());
  store_.abandon();
  std::uint64_t damaged = 0;
  for (const auto& entry : fs::directory_iterator(index_folder())) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(40);
    file.write("damaged", 7);
    ++damaged;
  }
  ASSERT_GT(damaged, 0U);
  opened();
  EXPECT_EQ(hits(pages), pages.size());
  ASSERT_TRUE(store_->close());
  opened();
  EXPECT_EQ(hits(pages), pages.size());
}

/// An entry that RocksDB has to read from disk is not waited for; once it was read it is known without.
TEST_F(RocksdbStore, ReadsWithoutWaitingOnlyWhatTheIndexKnowsInRam) {
  std::vector<NewPage> pages;
  for (std::uint64_t i = 0; i < 2000; ++i) pages.push_back(make_test_page(i, 100));
  put_all(pages);
  ASSERT_TRUE(store_->close());
  opened();
  std::vector<std::byte> out(100);
  std::uint64_t waited = 0;
  for (const NewPage& page : pages) {
    const ReadOutcome first = store_->try_read(page.key, page.crc32c, out).value();
    ASSERT_NE(first, ReadOutcome::miss);
    if (first == ReadOutcome::hit) continue;
    ++waited;
    EXPECT_TRUE(store_->read(page.key, page.crc32c, out).value());
    EXPECT_EQ(store_->try_read(page.key, page.crc32c, out).value(), ReadOutcome::hit);
  }
  EXPECT_GT(waited, 0U);
  EXPECT_LT(waited, pages.size() / 10) << "a block of the index was read again for each entry in it";
}

TEST_F(RocksdbStore, ForgetsAll) {
  const auto pages = make_test_pages(100, 10'000, 1);
  put_all(pages);
  ASSERT_TRUE(store_->drop_all());
  EXPECT_EQ(hits(pages), 0U);
  put_all(pages);
  EXPECT_EQ(hits(pages), pages.size());
  ASSERT_TRUE(store_->close());
  opened();
  EXPECT_EQ(hits(pages), pages.size());
}

TEST_F(RocksdbStore, CompactsAndChecks) {
  const auto pages = make_test_pages(400, 20'000, 3);
  put_all(pages);
  for (std::size_t i = 0; i < pages.size(); i += 2) store_->remove(pages[i].key);
  const Status compacted = store_->compact();
  ASSERT_TRUE(compacted) << compacted.error().message;
  EXPECT_EQ(hits(pages), pages.size() / 2);
  const auto report = store_->check();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->pages, pages.size() / 2);
  EXPECT_EQ(report->damage_count, 0U);
}

}  // namespace
}  // namespace seekfs::segmentstore
