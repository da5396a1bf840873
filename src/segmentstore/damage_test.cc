// Thousands of damaged stores: each opens, gives right bytes or misses, takes pages again, and leaves alone what is not
// its own.
#include "segmentstore/damage_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "env/simulated_disk_testing.h"
#include "env/temp_directory_testing.h"
#include "segmentstore/record.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t page_count = 100;
constexpr std::uint64_t shards = 4;
constexpr std::uint64_t images_per_shard = 750 / sanitized_divisor;
constexpr std::uint64_t rocksdb_images_per_shard = 500 / sanitized_divisor;

const std::vector<NewPage>& pages() {
  static const std::vector<NewPage> all = make_test_pages(page_count, 20U << 10U, 7);
  return all;
}

StoreOptions options_at(const std::string& path, IndexKind index) {
  StoreOptions options = tiny_store();
  options.path = path;
  options.index = index;
  // RocksDB's own files need room beside the segments.
  if (index == IndexKind::rocksdb) options.capacity = 16U << 20U;
  return options;
}

/// A store with pages, removed ones among them; left as a kill leaves it, or closed.
void build_store(env::FileSystem& files, const StoreOptions& options, std::uint64_t seed, bool closed) {
  StoreForTest store(files, options, seed);
  ASSERT_TRUE(store.open());
  for (std::uint64_t id = 0; id < page_count; ++id) {
    ASSERT_TRUE(store.append(pages()[(id + seed) % page_count]));
    if (id == page_count / 2) ASSERT_TRUE(store->checkpoint());
    if (id % 9 == 0) store->remove(pages()[(id / 2 + seed) % page_count].key);
  }
  if (closed) ASSERT_TRUE(store->close());
  store.abandon();
  add_foreign_files(files, options.path);
}

struct DamageCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t corrupt = 0;
};

void use_damaged_store(env::FileSystem& files, const StoreOptions& options, DamageCounts& counts) {
  StoreForTest store(files, options);
  const Status opened = store.open();
  ASSERT_TRUE(opened) << opened.error().message;
  for (const NewPage& page : pages()) {
    const TestRead read = store.read(page);
    counts.hits += read == TestRead::hit;
    counts.misses += read == TestRead::miss;
    counts.corrupt += read == TestRead::corrupt;
  }
  ASSERT_TRUE(store->check());
  EXPECT_EQ(store->check()->damage_count, 0U) << "what was damaged is forgotten";
  for (const NewPage& page : pages()) EXPECT_NE(store.read(page), TestRead::corrupt) << "after a check";
  const NewPage fresh = make_test_page(1000, 3000);
  const Status appended = store.append(fresh);
  ASSERT_TRUE(appended) << appended.error().message;
  EXPECT_EQ(store.read(fresh), TestRead::hit);
  ASSERT_TRUE(store->close());
  ASSERT_TRUE(store.open());
  EXPECT_EQ(store.read(fresh), TestRead::hit);
  EXPECT_TRUE(has_foreign_files(files, options.path));
  EXPECT_LE(bytes_on_disk(files, options.path), options.capacity);
}

class DamagedStores : public testing::TestWithParam<std::uint64_t> {};

TEST_P(DamagedStores, GiveRightBytesOrMissesAndGoOn) {
  std::array<std::unique_ptr<env::SimulatedDisk>, 2> images;
  for (const bool closed : {false, true}) {
    images[closed] = env::make_simulated_disk(8U << 20U);
    build_store(*images[closed], options_at("/store", IndexKind::native), 1, closed);
    build_store(*images[closed], options_at("/other", IndexKind::native), 2, true);
  }
  DamageCounts counts;
  for (std::uint64_t i = 0; i < images_per_shard && !HasFailure(); ++i) {
    const std::uint64_t seed = GetParam() * images_per_shard + i;
    const auto random = env::make_seeded_random(seed);
    const auto disk = images[seed % 2]->after_kill();
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, damage_store(*disk, "/store", "/other", *random)));
    use_damaged_store(*disk, options_at("/store", IndexKind::native), counts);
  }
  EXPECT_GT(counts.hits, images_per_shard) << "most damage leaves most pages";
  EXPECT_GT(counts.misses, images_per_shard / 4);
  EXPECT_GT(counts.corrupt, 0U) << "payloads were hit too";
}

INSTANTIATE_TEST_SUITE_P(Shard, DamagedStores, testing::Range<std::uint64_t>(0, shards));

class DamagedRocksdbStores : public testing::TestWithParam<std::uint64_t> {};

TEST_P(DamagedRocksdbStores, GiveRightBytesOrMissesAndGoOn) {
  namespace fs = std::filesystem;
  const env::TempDirectory directory;
  env::FileSystem& files = env::posix_file_system();
  build_store(files, options_at(directory.at("image"), IndexKind::rocksdb), 1, true);
  build_store(files, options_at(directory.at("other"), IndexKind::rocksdb), 2, true);
  DamageCounts counts;
  for (std::uint64_t i = 0; i < rocksdb_images_per_shard && !HasFailure(); ++i) {
    const std::uint64_t seed = GetParam() * rocksdb_images_per_shard + i;
    const std::string store = directory.at("store");
    fs::remove_all(store);
    fs::copy(directory.at("image"), store, fs::copy_options::recursive);
    const auto random = env::make_seeded_random(seed);
    SCOPED_TRACE(fmt::format("seed {}: {}", seed, damage_store(files, store, directory.at("other"), *random)));
    use_damaged_store(files, options_at(store, IndexKind::rocksdb), counts);
  }
  EXPECT_GT(counts.hits, rocksdb_images_per_shard);
}

INSTANTIATE_TEST_SUITE_P(Shard, DamagedRocksdbStores, testing::Range<std::uint64_t>(0, shards));

/// A store of three pages of one length in one segment, closed; its segment's bytes can be edited.
class EditedSegment : public testing::Test {
 protected:
  EditedSegment() {
    StoreForTest store(*disk_, tiny_store());
    EXPECT_TRUE(store.open());
    for (const NewPage& page : pages_) EXPECT_TRUE(store.append(page));
    EXPECT_TRUE(store->close());
    content_ = env::read_file(*disk_, path_, 1U << 20U).value();
    for (std::uint64_t at = 0; at + record_header_size <= content_.size(); at += record_alignment) {
      if (const auto header = decode(std::as_bytes(std::span(content_)).subspan(at).first<record_header_size>())) {
        headers_.push_back(*header);
      }
    }
    EXPECT_EQ(headers_.size(), pages_.size());
  }

  void put_header(std::uint64_t offset, const RecordHeader& header) {
    const HeaderBytes bytes = encode(header);
    content_.replace(offset, bytes.size(), reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  /// The first page, whose place the index knows, after the segment was edited. A store that judges by the header says
  /// miss; `corrupt` would leave it to the reader.
  TestRead read_first() {
    put_file(*disk_, path_, content_);
    StoreForTest store(*disk_, tiny_store());
    EXPECT_TRUE(store.open());
    EXPECT_EQ(store.read(pages_[1]), TestRead::hit) << "the index was used: nothing else is affected";
    return store.read(pages_[0]);
  }

  std::unique_ptr<env::SimulatedDisk> disk_ = env::make_simulated_disk(4U << 20U);
  const std::string path_ = "/store/data-00001.seg";
  const std::array<NewPage, 3> pages_ = {make_test_page(1, 999), make_test_page(2, 999), make_test_page(3, 999)};
  std::string content_;
  std::vector<RecordHeader> headers_;
};

TEST_F(EditedSegment, AnUntouchedOneIsRead) { EXPECT_EQ(read_first(), TestRead::hit); }

TEST_F(EditedSegment, ARecordOfAnotherPlaceIsAMiss) {
  content_.replace(headers_[0].location.offset, record_header_size + 999,
                   content_.substr(headers_[2].location.offset, record_header_size + 999));
  EXPECT_EQ(read_first(), TestRead::miss);
}

TEST_F(EditedSegment, ARecordOfAnotherPageIsAMiss) {
  RecordHeader header = headers_[0];
  header.key = headers_[2].key;
  header.payload_crc32c = headers_[2].payload_crc32c;
  put_header(headers_[0].location.offset, header);
  content_.replace(headers_[0].location.offset + record_header_size, 999,
                   content_.substr(headers_[2].location.offset + record_header_size, 999));
  EXPECT_EQ(read_first(), TestRead::miss);
}

TEST_F(EditedSegment, EachPartOfTheIdentityCounts) {
  const RecordHeader right = headers_[0];
  std::vector<RecordHeader> wrong(7, right);
  wrong[0].store_id ^= 1;
  wrong[1].location.segment += 1;
  wrong[2].location.offset += record_alignment;
  wrong[3].key.page_id ^= 1;
  wrong[4].key.off ^= 1;
  wrong[5].key.len -= 1;
  wrong[6].payload_crc32c ^= 1;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    put_header(right.location.offset, wrong[i]);
    EXPECT_EQ(read_first(), TestRead::miss) << i;
  }
  put_header(right.location.offset, right);
}

TEST_F(EditedSegment, ABitOfThePayloadIsFoundByACheck) {
  content_[headers_[0].location.offset + record_header_size + 500] ^= 1;
  put_file(*disk_, path_, content_);
  StoreForTest store(*disk_, tiny_store());
  ASSERT_TRUE(store.open());
  EXPECT_EQ(store.read(pages_[0]), TestRead::corrupt) << "the reader sees it";
  const l2::CheckReport report = store->check().value();
  EXPECT_EQ(report.damage_count, 1U);
  EXPECT_EQ(report.pages, 2U);
  EXPECT_EQ(store.read(pages_[0]), TestRead::miss);
}

TEST_F(EditedSegment, ADamagedHeaderIsNotListedWhenTheIndexIsLost) {
  // The CRC of the header covers what a comparison with a page that nobody asks for would not see.
  content_[headers_[1].location.offset + 16] ^= 1;
  content_.resize(content_.size() - 1);  // no footer
  put_file(*disk_, path_, content_);
  for (const env::DirectoryEntry& entry : disk_->list("/store/index").value()) {
    ASSERT_TRUE(disk_->remove_file("/store/index/" + entry.name));
  }
  StoreForTest store(*disk_, tiny_store());
  ASSERT_TRUE(store.open());
  EXPECT_EQ(store->stats().pages, 2U);
  ASSERT_TRUE(store->list(
      [&](const StoredPage& stored) { EXPECT_TRUE(stored.key == pages_[0].key || stored.key == pages_[2].key); }));
  EXPECT_EQ(store.read(pages_[0]), TestRead::hit);
  EXPECT_EQ(store.read(pages_[1]), TestRead::miss);
  EXPECT_EQ(store.read(pages_[2]), TestRead::hit) << "a walk goes on behind the damage";
}

TEST(RebuiltIndex, TheOneOfAnotherStoreIsNotTaken) {
  const auto disk = env::make_simulated_disk(8U << 20U);
  StoreForTest store(*disk, options_at("/store", IndexKind::native));
  ASSERT_TRUE(store.open());
  for (std::size_t i = 0; i < 20; ++i) ASSERT_TRUE(store.append(pages()[i]));
  ASSERT_TRUE(store->close());
  store.abandon();
  build_store(*disk, options_at("/other", IndexKind::native), 2, true);
  ASSERT_TRUE(disk->remove_file("/store/index/snapshot-1"));
  put_file(*disk, "/store/index/snapshot-1", env::read_file(*disk, "/other/index/snapshot-1", 1U << 20U).value());
  ASSERT_TRUE(store.open());
  EXPECT_EQ(store->stats().pages, 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(store.read(pages()[i]), TestRead::hit) << i;
}

TEST(RebuiltIndex, ATornTailIsCutAndItsSpaceGivenBack) {
  const auto disk = env::make_simulated_disk(8U << 20U);
  StoreForTest store(*disk, options_at("/store", IndexKind::native));
  ASSERT_TRUE(store.open());
  for (std::uint64_t id = 0; id < 3; ++id) ASSERT_TRUE(store.append(make_test_page(id, 2000)));
  store.abandon();
  // Behind the last record lies the beginning of one that was never finished.
  const auto file = std::move(disk->open("/store/data-00001.seg", {.write = true}).value());
  ASSERT_TRUE(file->write_at(next_record(3 * 2128, 2000) + 8, std::as_bytes(std::span("torn"))));
  ASSERT_EQ(file->info()->size, 64U << 10U);
  ASSERT_TRUE(store.open());
  EXPECT_LT(file->info()->size, 8000U);
  EXPECT_EQ(file->info()->allocated, 8192U);
  for (std::uint64_t id = 0; id < 3; ++id) EXPECT_EQ(store.read(make_test_page(id, 2000)), TestRead::hit);
}

TEST(RebuiltIndex, ATornRecordIsNotTakenForAPage) {
  const auto disk = env::make_simulated_disk(8U << 20U);
  StoreForTest store(*disk, options_at("/store", IndexKind::native));
  ASSERT_TRUE(store.open());
  for (std::uint64_t id = 0; id < 3; ++id) ASSERT_TRUE(store.append(make_test_page(id, 2000)));
  store.abandon();
  const auto file = std::move(disk->open("/store/data-00001.seg", {.write = true}).value());
  ASSERT_TRUE(file->write_at(3 * 2128 - 100, std::as_bytes(std::span("never written"))));
  ASSERT_TRUE(store.open());
  EXPECT_EQ(store->stats().pages, 2U);
  EXPECT_EQ(store.read(make_test_page(2, 2000)), TestRead::miss) << "found by the store, not by the reader's CRC";
  ASSERT_TRUE(store.append(make_test_page(2, 2000)));
  EXPECT_EQ(store.read(make_test_page(2, 2000)), TestRead::hit);
}

}  // namespace
}  // namespace seekfs::segmentstore
