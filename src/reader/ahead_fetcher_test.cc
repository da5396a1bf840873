// Read-ahead on a whole node in memory: what is fetched before it is asked for, and that warm reads have no part in it.
#include "reader/ahead_fetcher.h"

#include <gtest/gtest.h>

#include <thread>

#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

constexpr std::uint64_t page_size = 64U << 10U;
constexpr std::uint64_t pages = 64;

TestNodeOptions with_read_ahead() {
  TestNodeOptions options;
  options.read_ahead = {.max_window = 16 * page_size, .max_total = 64 * page_size, .quick_growth_to = 8 * page_size};
  return options;
}

class AheadFetcherTest : public ::testing::Test {
 protected:
  void begin(TestNodeOptions options = with_read_ahead()) {
    node.emplace(std::move(options));
    node->publish("demo", 1, {{"a", pages * page_size, page_size}, {"b", 3 * page_size, page_size}});
  }
  void read_page(std::uint64_t page) {
    const auto bytes = node->read("demo", "a", page * page_size, page_size);
    ASSERT_TRUE(bytes) << page << ": " << bytes.error().message;
    ASSERT_TRUE(*bytes == oracle("a", 1, page * page_size, page_size)) << page;
  }
  /// As a door does that finds all pages in L1.
  bool try_read_page(std::uint64_t page) {
    const FileRef file = node->open("demo", "a").value();
    PageSlice slice;
    return node->service->try_read(file, page * page_size, page_size, std::span(&slice, 1)) == 1;
  }
  void settle() {
    while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  }

  std::optional<TestNode> node;
};

TEST_F(AheadFetcherTest, ASequentialReaderFindsItsPagesAndEachIsFetchedOnce) {
  begin();
  for (std::uint64_t page = 0; page < pages; ++page) {
    read_page(page);
    settle();
    if (page > 0) EXPECT_TRUE(try_read_page(page));
  }
  const auto outcomes = node->l1.prefetch_outcomes(cache::PageCause::prefetch);
  EXPECT_EQ(outcomes.used, pages - 1);
  EXPECT_EQ(outcomes.unused, 0U);
  EXPECT_EQ(node->metrics.counter("seekfs_served_bytes_total", "", {{"source", "origin"}}).value(), page_size)
      << "only the first page was waited for";
  EXPECT_LT(node->gets("/objects/"), pages / 3);
  expect_idle(*node);
}

TEST_F(AheadFetcherTest, PlainHitsDriveTheWindowToo) {
  begin();
  read_page(0);
  settle();
  for (std::uint64_t page = 1; page < pages; ++page) {
    EXPECT_TRUE(try_read_page(page)) << page;
    settle();
  }
}

TEST_F(AheadFetcherTest, AFirstUseByAReadOfTooManyPagesIsLeftToItsStream) {
  begin();
  read_page(0);
  settle();
  ASSERT_TRUE(try_read_page(2));
  settle();
  const std::size_t resident = node->l1.stats().pages;
  const FileRef file = node->open("demo", "a").value();
  PageSlice slice;
  ASSERT_EQ(node->service->try_read(file, page_size, 2 * page_size, std::span(&slice, 1)), 0U);
  ASSERT_TRUE(node->read("demo", "a", page_size, 2 * page_size) == oracle("a", 1, page_size, 2 * page_size));
  settle();
  EXPECT_GT(node->l1.stats().pages, resident) << "the window goes on with the first use of page 1";
}

TEST_F(AheadFetcherTest, WarmReadsFetchNothing) {
  begin();
  ASSERT_TRUE(node->read("demo", "a", 0, 20 * page_size) == oracle("a", 1, 0, 20 * page_size));
  settle();
  const std::size_t resident = node->l1.stats().pages;
  for (int round = 0; round < 3; ++round) {
    for (std::uint64_t page = 0; page < 20; ++page) EXPECT_TRUE(try_read_page(page));
    settle();
  }
  EXPECT_EQ(node->l1.stats().pages, resident);
}

TEST_F(AheadFetcherTest, WholeFilesAskForNothingMore) {
  begin();
  ASSERT_TRUE(node->read("demo", "b", 0, 3 * page_size) == oracle("b", 1, 0, 3 * page_size));
  settle();
  EXPECT_EQ(node->l1.stats().pages, 3U);
}

TEST_F(AheadFetcherTest, StartsAreNotTrustedWhenWhatWasFetchedAheadWentUnread) {
  TestNodeOptions options = with_read_ahead();
  options.l1_bytes = 40 * page_size;
  begin(std::move(options));
  std::vector<manifest::OracleFile> files;
  for (int i = 0; i < 100; ++i) files.push_back({"many/" + std::to_string(i), 64 * page_size, page_size});
  node->publish("heads", 1, files);
  for (const auto& file : files) {
    ASSERT_TRUE(node->read("heads", file.path, 0, page_size));
    settle();
  }
  const std::uint64_t unused = node->l1.prefetch_outcomes(cache::PageCause::prefetch).unused;
  EXPECT_GT(unused, 0U);
  EXPECT_LT(unused, 100U * 8U / 2U) << "reading the first page of each file is seen to be all";
}

TEST_F(AheadFetcherTest, MemoryIsOnlyTriedFor) {
  begin();
  ASSERT_TRUE(node->open("demo", "a"));  // loads the manifest
  const std::uint64_t rest = node->memory.total() - node->memory.used() - 4 * page_size;
  ASSERT_TRUE(node->memory.try_reserve(cache::MemoryUse::manifests, rest));
  for (std::uint64_t page = 0; page < pages; ++page) read_page(page);
  settle();
  node->memory.release(cache::MemoryUse::manifests, rest);
  expect_idle(*node);
}

}  // namespace
}  // namespace seekfs::reader
