// Twenty times the capacity, pages of one byte to a mebibyte: after every append everything in the directory together
// takes no byte more than it may.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <bit>

#include "env/simulated_disk_testing.h"
#include "env/temp_directory_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t rounds = sanitized_divisor == 1 ? 20 : 3;
constexpr std::uint32_t longest = 1U << 20U;

/// Making pages is what takes the time, so there is one of each magnitude, under many keys. None is longer than
/// `limit`.
class PageSource {
 public:
  explicit PageSource(std::uint64_t limit) {
    for (std::uint32_t bits = 0; bits <= std::bit_width(longest); ++bits) {
      const std::uint32_t length = std::min(longest, (1U << bits) + (bits > 3 ? bits * 7 : 0));
      if (length <= limit) pages_.push_back(make_test_page(bits, length));
    }
  }
  NewPage next(env::Random& random) {
    NewPage page = pages_[random.below(pages_.size())];
    page.key = make_key(page.key);
    return page;
  }

 private:
  manifest::PageKey make_key(manifest::PageKey key) {
    key.off = ++made_ << 20U;
    return key;
  }
  std::vector<NewPage> pages_;
  std::uint64_t made_ = 0;
};

struct CapacityCase {
  std::uint64_t capacity = 0;
  std::uint64_t segment_size = 0;
  IndexKind index = IndexKind::native;
};

void overfill(env::FileSystem& files, const std::string& path, const CapacityCase& one) {
  StoreForTest store(files,
                     {.path = path, .capacity = one.capacity, .segment_size = one.segment_size, .index = one.index});
  ASSERT_TRUE(store.open());
  const auto random = env::make_seeded_random(one.capacity);
  // What a segment takes beside its footer.
  PageSource source(std::min(one.segment_size, one.capacity / 16) * 9 / 10);
  std::uint64_t appended = 0;
  std::uint64_t most = 0;
  std::uint64_t hits = 0;
  std::vector<NewPage> last;
  const auto measure = [&](std::string_view after) {
    const std::uint64_t bytes = bytes_on_disk(files, path);
    most = std::max(most, bytes);
    ASSERT_LE(bytes, one.capacity) << after << ", when " << appended << " bytes were appended";
    ASSERT_LE(store->stats().disk_bytes, one.capacity) << after;
  };
  for (std::uint64_t i = 0; appended < rounds * one.capacity && !testing::Test::HasFailure(); ++i) {
    last.clear();
    for (std::uint64_t count = 1 + random->below(6); count > 0; --count) last.push_back(source.next(*random));
    const Status done = store.append(last);
    ASSERT_TRUE(done) << done.error().message;
    for (const NewPage& page : last) appended += page.key.len;
    measure("an append");
    std::vector<std::byte> out(last.back().key.len);
    hits += store->read(last.back().key, last.back().crc32c, out).value();
    if (i % 5 == 1) store->remove(last.front().key);
    if (i % 16 == 3) ASSERT_TRUE(store->upkeep(1U << 20U));
    if (i % 32 == 5) ASSERT_TRUE(store->checkpoint());
    if (i % 512 == 7) ASSERT_TRUE(store->compact());
    if (i % 512 == 300) {
      ASSERT_TRUE(store->close());
      measure("a close");
      ASSERT_TRUE(store.open());
    }
    measure("other work");
  }
  EXPECT_GT(hits, 0U);
  EXPECT_GT(most, one.capacity * 6 / 10) << "the capacity is used";
  EXPECT_GT(store->stats().evicted_pages, 0U);
}

TEST(Capacity, IsNeverPassedOnASimulatedDisk) {
  for (const CapacityCase& one : {CapacityCase{1U << 20U, 64U << 10U}, CapacityCase{5U << 20U, 1U << 30U},
                                  CapacityCase{32U << 20U, 1U << 30U}, CapacityCase{8U << 20U, 100'000}}) {
    SCOPED_TRACE(fmt::format("capacity {}, segments of {}", one.capacity, one.segment_size));
    const auto disk = env::make_simulated_disk(2 * one.capacity);
    overfill(*disk, "/store", one);
  }
}

TEST(Capacity, IsNeverPassedOnADisk) {
  for (const CapacityCase& one : {CapacityCase{2U << 20U, 64U << 10U}, CapacityCase{32U << 20U, 1U << 30U}}) {
    SCOPED_TRACE(fmt::format("capacity {}, segments of {}", one.capacity, one.segment_size));
    const env::TempDirectory directory;
    overfill(env::posix_file_system(), directory.at("store"), one);
  }
}

TEST(Capacity, IsNeverPassedBesideARocksdbIndex) {
  const env::TempDirectory directory;
  overfill(env::posix_file_system(), directory.at("store"), {32U << 20U, 1U << 30U, IndexKind::rocksdb});
}

TEST(Capacity, IsNeverPassedByFootersOfTheSmallestPages) {
  // A footer of such a segment is a ninth of it, far more than any allowance for odds and ends.
  constexpr std::uint64_t capacity = 32U << 20U;
  const auto disk = env::make_simulated_disk(2 * capacity);
  StoreForTest store(*disk, {.path = "/store", .capacity = capacity, .segment_size = 1U << 30U});
  ASSERT_TRUE(store.open());
  std::vector<NewPage> group(4000, make_test_page(1, 1));
  std::uint64_t made = 0;
  while (store->stats().evicted_segments < 2) {
    for (NewPage& page : group) page.key.off = ++made;
    const Status done = store.append(group);
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_LE(bytes_on_disk(*disk, "/store"), capacity) << made << " pages";
    // What is removed takes no room in the index, which could make up for a footer.
    for (const NewPage& page : group) store->remove(page.key);
  }
}

}  // namespace
}  // namespace seekfs::segmentstore
