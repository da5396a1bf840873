// One store through its contract: put, get, reopen, evict, compact, and what refuses to open.
#include "segmentstore/segment_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/crc32c.h"
#include "env/simulated_disk_testing.h"
#include "segmentstore/segment.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

using manifest::PageKey;

PageKey test_key(std::uint32_t number, std::uint32_t length) { return make_test_page(number, length).key; }
NewPage page_of(const PageKey& key) {
  MutablePage bytes = MutablePage::allocate(key.len, nullptr);
  fill_from_key(key, bytes.bytes());
  PageRef page = std::move(bytes).seal();
  const std::uint32_t crc = crc32c(page.bytes());
  return {key, crc, std::move(page)};
}
std::uint32_t test_crc(const PageKey& key) { return page_of(key).crc32c; }
PageRef test_bytes(const PageKey& key) { return page_of(key).page; }

Status put(SegmentStore& store, const PageKey& key) {
  const NewPage page = page_of(key);
  return store.append({&page, 1});
}

/// As a reader that verifies sees it.
bool hit(SegmentStore& store, const PageKey& key) {
  const auto found = read_test_page(store, page_of(key));
  EXPECT_TRUE(found) << found.error().message;
  return found && *found == TestRead::hit;
}

/// In segments of 64 KiB.
StoreOptions small_store(std::uint64_t capacity = 1U << 20U) {
  StoreOptions options = tiny_store();
  options.capacity = capacity;
  return options;
}

std::unique_ptr<SegmentStore> open_store(env::FileSystem& files, const StoreOptions& options = small_store()) {
  static const std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  auto store = SegmentStore::open({files, *random, null_logger()}, options);
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

class SegmentStoreTest : public testing::Test {
 protected:
  void reopen(const StoreOptions& options = small_store()) {
    if (store) ASSERT_TRUE(store->close());
    store.reset();
    store = open_store(*disk, options);
  }
  ErrorCode refusal(const StoreOptions& options) {
    const auto opened = SegmentStore::open({*disk, *random, null_logger()}, options);
    EXPECT_FALSE(opened);
    return opened ? ErrorCode::internal : opened.error().code;
  }

  std::unique_ptr<env::SimulatedDisk> disk = env::make_simulated_disk(64U << 20U);
  std::unique_ptr<env::Random> random = env::make_seeded_random(5);
  std::unique_ptr<SegmentStore> store = open_store(*disk);
};

TEST_F(SegmentStoreTest, GivesBackWhatWasPutAlsoAfterAReopen) {
  std::vector<PageKey> keys;
  for (const std::uint32_t length : {1U, 8U, 100U, 4095U, 4096U, 30'000U}) {
    keys.push_back(test_key(static_cast<std::uint32_t>(keys.size()), length));
    EXPECT_FALSE(store->may_contain(keys.back()));
    EXPECT_FALSE(hit(*store, keys.back()));
    ASSERT_TRUE(put(*store, keys.back()));
  }
  for (int round = 0; round < 2; ++round) {
    for (const PageKey& key : keys) EXPECT_TRUE(hit(*store, key)) << key.len;
    EXPECT_EQ(store->stats().pages, keys.size());
    reopen();
  }
}

TEST_F(SegmentStoreTest, NothingIsLostWithoutAClose) {
  for (std::uint32_t i = 0; i < 20; ++i) ASSERT_TRUE(put(*store, test_key(i, 5000)));
  const auto left = disk->after_kill();
  const auto again = open_store(*left);
  for (std::uint32_t i = 0; i < 20; ++i) EXPECT_TRUE(hit(*again, test_key(i, 5000))) << i;
  EXPECT_EQ(again->stats().damaged_pages, 0U);
}

TEST_F(SegmentStoreTest, ReadsWithoutWaitingOnlyWhatIsInThePageCache) {
  const PageKey key = test_key(1, 5000);
  ASSERT_TRUE(put(*store, key));
  std::vector<std::byte> out(key.len);
  EXPECT_EQ(store->try_read(key, test_crc(key), out).value(), ReadOutcome::hit);
  EXPECT_TRUE(std::ranges::equal(out, test_bytes(key).bytes()));
  EXPECT_EQ(store->try_read(test_key(2, 5000), 0, out).value(), ReadOutcome::miss);
  disk->set_page_cache(false);
  EXPECT_EQ(store->try_read(key, test_crc(key), out).value(), ReadOutcome::would_block);
  EXPECT_TRUE(store->read(key, test_crc(key), out).value());
}

TEST_F(SegmentStoreTest, AnotherCrcThanTheManifestsIsAMissAndForgotten) {
  const PageKey key = test_key(1, 5000);
  ASSERT_TRUE(put(*store, key));
  std::vector<std::byte> out(key.len);
  EXPECT_FALSE(store->read(key, test_crc(key) + 1, out).value());
  EXPECT_EQ(store->stats().damaged_pages, 1U);
  EXPECT_FALSE(store->may_contain(key));
  ASSERT_TRUE(put(*store, key));
  EXPECT_TRUE(hit(*store, key));
}

TEST_F(SegmentStoreTest, ForgetsWhatWasRemovedAlsoAfterAReopen) {
  ASSERT_TRUE(put(*store, test_key(1, 100)));
  ASSERT_TRUE(put(*store, test_key(2, 100)));
  store->remove(test_key(1, 100));
  store->remove(test_key(3, 100));
  EXPECT_FALSE(hit(*store, test_key(1, 100)));
  reopen();
  EXPECT_FALSE(hit(*store, test_key(1, 100)));
  EXPECT_TRUE(hit(*store, test_key(2, 100)));
  EXPECT_EQ(store->stats().pages, 1U);
}

TEST_F(SegmentStoreTest, PuttingTwiceWritesOnce) {
  ASSERT_TRUE(put(*store, test_key(1, 1000)));
  const StoreStats once = store->stats();
  ASSERT_TRUE(put(*store, test_key(1, 1000)));
  EXPECT_EQ(store->stats().written_bytes, once.written_bytes);
  EXPECT_EQ(store->stats().pages, 1U);
}

TEST_F(SegmentStoreTest, PassesOverWhatFitsNoSegment) {
  const PageKey large = test_key(1, 64U << 10U);
  ASSERT_TRUE(put(*store, large));
  EXPECT_FALSE(store->may_contain(large));
  const NewPage wrong{test_key(2, 100), 0, test_bytes(test_key(2, 99))};
  ASSERT_TRUE(store->append({&wrong, 1}));
  EXPECT_FALSE(store->may_contain(wrong.key));
  ASSERT_TRUE(put(*store, test_key(3, 60'000)));
  EXPECT_TRUE(hit(*store, test_key(3, 60'000)));
}

TEST_F(SegmentStoreTest, EvictsTheOldestAndKeepsWhatIsRead) {
  constexpr std::uint32_t length = 4000;
  ASSERT_TRUE(put(*store, test_key(0, length)));
  std::uint32_t next = 1;
  for (; next < 2000; ++next) {
    ASSERT_TRUE(put(*store, test_key(next, length)));
    ASSERT_TRUE(hit(*store, test_key(0, length))) << "a page that is read again and again went, at " << next;
    ASSERT_LE(store->stats().disk_bytes, 1U << 20U);
  }
  EXPECT_FALSE(hit(*store, test_key(1, length)));
  EXPECT_TRUE(hit(*store, test_key(next - 1, length)));
  const StoreStats stats = store->stats();
  EXPECT_GT(stats.evicted_pages, 1500U);
  EXPECT_EQ(stats.evicted_pages + stats.pages, 2000U);
  EXPECT_GT(stats.pages * length, (1U << 20U) / 2) << "most of the capacity is in use";
  reopen();
  EXPECT_TRUE(hit(*store, test_key(0, length)));
  EXPECT_EQ(store->stats().pages, stats.pages);
}

TEST_F(SegmentStoreTest, CompactionGivesBackTheSpaceOfRemovedPages) {
  constexpr std::uint32_t count = 150;
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_TRUE(put(*store, test_key(i, 4000)));
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i % 4 != 0) store->remove(test_key(i, 4000));
  }
  const std::uint64_t before = store->stats().segment_bytes;
  bool more = true;
  for (int steps = 0; more; ++steps) {
    ASSERT_LT(steps, 10'000);
    const auto step = store->upkeep(10'000);
    ASSERT_TRUE(step) << step.error().message;
    EXPECT_LE(step->moved_bytes, 10'000U + 4200U);
    more = step->more;
  }
  EXPECT_LT(store->stats().segment_bytes, before / 2);
  EXPECT_EQ(store->stats().evicted_pages, 0U);
  ASSERT_TRUE(store->compact());
  reopen();
  for (std::uint32_t i = 0; i < count; ++i) EXPECT_EQ(hit(*store, test_key(i, 4000)), i % 4 == 0) << i;
}

TEST_F(SegmentStoreTest, ASmallerCapacityEvictsAtTheStart) {
  StoreOptions large = small_store(4U << 20U);
  reopen(large);
  for (std::uint32_t i = 0; i < 700; ++i) ASSERT_TRUE(put(*store, test_key(i, 4000)));
  EXPECT_GT(store->stats().disk_bytes, 2U << 20U);
  reopen(small_store());
  EXPECT_LE(store->stats().disk_bytes, 1U << 20U);
  EXPECT_TRUE(hit(*store, test_key(699, 4000)));
}

TEST_F(SegmentStoreTest, LeavesFreeWhatTheFileSystemIsToKeep) {
  disk = env::make_simulated_disk(2U << 20U);
  StoreOptions options = small_store(16U << 20U);
  options.segment_size = 64U << 10U;
  options.min_free_bytes = 1U << 20U;
  store = open_store(*disk, options);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(put(*store, test_key(i, 4000)));
    ASSERT_GE(disk->space("/")->available, 1U << 20U) << i;
  }
  EXPECT_TRUE(hit(*store, test_key(999, 4000)));
}

TEST_F(SegmentStoreTest, ChecksEveryPageAndForgetsTheDamagedOnes) {
  for (std::uint32_t i = 0; i < 40; ++i) ASSERT_TRUE(put(*store, test_key(i, 4000)));
  EXPECT_EQ(store->check()->pages, 40U);
  EXPECT_EQ(store->check()->damage_count, 0U);
  const auto file = disk->open("/store/data-00001.seg", {.write = true}).value();
  std::array<std::byte, 1> byte{};
  ASSERT_TRUE(file->read_at(2000, byte));
  byte[0] ^= std::byte{1};
  ASSERT_TRUE(file->write_at(2000, byte));
  const auto report = store->check();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->pages, 39U);
  ASSERT_EQ(report->damage_count, 1U);
  EXPECT_EQ(report->damage.front().file, "/store/data-00001.seg");
  EXPECT_EQ(report->damage.front().offset, 0U);
  EXPECT_EQ(store->stats().pages, 39U);
  EXPECT_EQ(store->check()->damage_count, 0U);
}

TEST_F(SegmentStoreTest, ListsWhatItHolds) {
  std::set<PageKey> expected;
  for (std::uint32_t i = 0; i < 30; ++i) {
    expected.insert(test_key(i, 3000));
    ASSERT_TRUE(put(*store, test_key(i, 3000)));
  }
  std::set<PageKey> listed;
  ASSERT_TRUE(store->list([&](const StoredPage& page) {
    EXPECT_EQ(page.crc32c, test_crc(page.key));
    listed.insert(page.key);
  }));
  EXPECT_EQ(listed, expected);
}

TEST_F(SegmentStoreTest, DropsAll) {
  for (std::uint32_t i = 0; i < 30; ++i) ASSERT_TRUE(put(*store, test_key(i, 4000)));
  ASSERT_TRUE(store->drop_all());
  EXPECT_EQ(store->stats().pages, 0U);
  EXPECT_EQ(store->stats().segment_bytes, 0U);
  EXPECT_FALSE(hit(*store, test_key(1, 4000)));
  ASSERT_TRUE(put(*store, test_key(1, 4000)));
  reopen();
  EXPECT_TRUE(hit(*store, test_key(1, 4000)));
  EXPECT_FALSE(hit(*store, test_key(2, 4000)));
}

TEST_F(SegmentStoreTest, ALostIndexIsRebuilt) {
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_TRUE(put(*store, test_key(i, 4000)));
  ASSERT_TRUE(store->close());
  store.reset();
  for (const auto& entry : disk->list("/store/index").value())
    ASSERT_TRUE(disk->remove_file("/store/index/" + entry.name));
  reopen();
  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_TRUE(hit(*store, test_key(i, 4000))) << i;
}

TEST_F(SegmentStoreTest, BelongsToOneProcess) {
  EXPECT_EQ(refusal(small_store()), ErrorCode::conflict);
  const auto opened = SegmentStore::open({*disk, *random, null_logger()}, small_store());
  EXPECT_NE(opened.error().message.find("PID"), std::string::npos) << opened.error().message;
}

TEST_F(SegmentStoreTest, RefusesANetworkFileSystemAndATinyCapacity) {
  store.reset();
  EXPECT_EQ(refusal(small_store(SegmentStore::min_capacity - 1)), ErrorCode::invalid);
  disk->set_type_name("nfs");
  EXPECT_EQ(refusal(small_store()), ErrorCode::invalid);
}

TEST_F(SegmentStoreTest, ANewerFormatIsSetAside) {
  ASSERT_TRUE(put(*store, test_key(1, 4000)));
  ASSERT_TRUE(store->close());
  store.reset();
  std::string format = env::read_file(*disk, "/store/FORMAT", 4096).value();
  format.replace(format.find("oldest_reader 1"), 15, "oldest_reader 2");
  ASSERT_TRUE(env::write_file_atomically(*disk, "/store/FORMAT", format, true));
  reopen();
  EXPECT_FALSE(hit(*store, test_key(1, 4000)));
  const std::string uuid = format.substr(format.find("uuid ") + 5, 32);
  EXPECT_TRUE(disk->stat("/store/set-aside-" + uuid + "/data-00001.seg"));
  EXPECT_TRUE(disk->stat("/store/set-aside-" + uuid + "/FORMAT"));
  ASSERT_TRUE(put(*store, test_key(2, 4000)));
  reopen();
  EXPECT_TRUE(hit(*store, test_key(2, 4000)));
}

TEST_F(SegmentStoreTest, NoticesThatItsDirectoryIsAnothersNow) {
  ASSERT_TRUE(put(*store, test_key(1, 100)));
  ASSERT_TRUE(store->checkpoint());
  ASSERT_TRUE(disk->remove_file("/store/LOCK"));
  EXPECT_EQ(store->checkpoint().error().code, ErrorCode::transient);
  const auto other = open_store(*disk);  // which takes a LOCK of its own
  EXPECT_EQ(store->checkpoint().error().code, ErrorCode::transient);
}

TEST_F(SegmentStoreTest, WritesAFormatThatWasRemovedAgain) {
  const std::string format = env::read_file(*disk, "/store/FORMAT", 4096).value();
  ASSERT_TRUE(disk->remove_file("/store/FORMAT"));
  ASSERT_TRUE(put(*store, test_key(1, 100)));
  ASSERT_TRUE(store->checkpoint());
  EXPECT_EQ(env::read_file(*disk, "/store/FORMAT", 4096).value(), format);
  reopen();
  EXPECT_TRUE(hit(*store, test_key(1, 100)));
}

TEST_F(SegmentStoreTest, WhoOnlyLooksEvictsNothing) {
  reopen(small_store(4U << 20U));
  for (std::uint32_t i = 0; i < 700; ++i) ASSERT_TRUE(put(*store, test_key(i, 4000)));
  const std::uint64_t pages = store->stats().pages;
  StoreOptions options = small_store();
  options.may_evict = false;
  reopen(options);
  EXPECT_EQ(store->stats().pages, pages);
  EXPECT_EQ(store->check()->pages, pages);
  ASSERT_TRUE(store->close());
  reopen(small_store(4U << 20U));
  EXPECT_EQ(store->stats().pages, pages);
}

TEST_F(SegmentStoreTest, AFileThatIsNoSegmentDoesNotUseUpTheNumbers) {
  ASSERT_TRUE(store->close());
  store.reset();
  ASSERT_TRUE(disk->open("/store/" + segment_file_name(max_segment_number), {.write = true, .create = true}));
  reopen();
  ASSERT_TRUE(put(*store, test_key(1, 100)));
  EXPECT_TRUE(hit(*store, test_key(1, 100)));
}

TEST_F(SegmentStoreTest, NothingIsAppendedAfterTheClose) {
  ASSERT_TRUE(store->close());
  EXPECT_TRUE(store->close());
  EXPECT_EQ(put(*store, test_key(1, 100)).error().code, ErrorCode::invalid);
  EXPECT_FALSE(store->checkpoint());
}

}  // namespace
}  // namespace seekfs::segmentstore
