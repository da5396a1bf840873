// L1 shared by namespaces, and what becomes of pages that were prefetched.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "cache/page_cache.h"
#include "cache/tenants.h"

namespace seekfs::cache {
namespace {

using manifest::PageKey;

constexpr std::uint32_t page_size = 16;
constexpr std::uint64_t page_charge = MutablePage::charge(page_size);
constexpr std::uint64_t pages = 6400;

PageKey key_of(const std::string& ns, std::uint64_t number) {
  PageKey key;
  key.file = sha256(ns + std::to_string(number / 1000));
  key.page_id = static_cast<std::uint32_t>(number % 1000);
  key.off = std::uint64_t{key.page_id} * page_size;
  key.len = page_size;
  return key;
}

PageRef new_page() {
  MutablePage page = MutablePage::allocate(page_size, nullptr);
  std::ranges::fill(page.bytes(), std::byte{7});
  return std::move(page).seal();
}

class SharesTest : public ::testing::Test {
 protected:
  /// As a reader does: whether it was a hit; it is there afterwards.
  bool read(const std::string& ns, std::uint64_t number) {
    if (cache.get(key_of(ns, number))) return true;
    cache.put(key_of(ns, number), new_page(), {.ns = ns});
    return false;
  }
  void prefetch(const std::string& ns, std::uint64_t number) {
    cache.put(key_of(ns, number), new_page(), {.ns = ns, .cause = PageCause::prefetch});
  }
  std::uint64_t hits(const std::string& ns, std::uint64_t count) {
    std::uint64_t found = 0;
    for (std::uint64_t i = 0; i < count; ++i) found += read(ns, i) ? 1U : 0U;
    return found;
  }

  PageCache cache{pages * page_charge};
};

TEST_F(SharesTest, AScanTakesNothingFromANamespaceThatIsBelowItsShare) {
  constexpr std::uint64_t warm = pages * 4 / 10;
  EXPECT_EQ(hits("warm", warm), 0U);
  for (std::uint64_t i = 0; i < 20 * pages; ++i) {
    read("scan", i);
    if (i % 8 == 0) EXPECT_TRUE(read("warm", i / 8 % warm)) << i;  // also a page that was read only once before
  }
  EXPECT_EQ(hits("warm", warm), warm);
  EXPECT_EQ(cache.bytes_of("warm"), warm * page_charge);
  EXPECT_EQ(cache.bytes_of("scan"), (pages - warm) * page_charge) << "what the other leaves is lent";
}

TEST_F(SharesTest, WhoComesLaterGetsItsShare) {
  for (std::uint64_t i = 0; i < 3 * pages; ++i) read("first", i);
  EXPECT_EQ(cache.bytes_of("first"), pages * page_charge);
  for (std::uint64_t i = 0; i < 3 * pages; ++i) read("second", i);
  EXPECT_NEAR(static_cast<double>(cache.bytes_of("second")), pages / 2 * page_charge, 2 * page_charge);
  EXPECT_LE(cache.stats().bytes, cache.capacity());
}

TEST_F(SharesTest, ANamespaceThatNobodyReadsAnyMoreGivesItAll) {
  constexpr std::uint64_t old = pages / 10;
  for (int round = 0; round < 4; ++round) hits("old", old);
  std::uint64_t next = 0;
  const auto turn_over = [&](std::uint64_t times) {
    for (std::uint64_t i = 0; i < times * pages; ++i) read("busy", next++);
  };
  turn_over(Tenants::idle_turnovers - 1);
  EXPECT_EQ(cache.bytes_of("old"), old * page_charge);
  EXPECT_TRUE(read("old", 0));  // one read, and it counts anew
  turn_over(Tenants::idle_turnovers - 1);
  EXPECT_EQ(cache.bytes_of("old"), old * page_charge);
  turn_over(3);
  EXPECT_EQ(cache.bytes_of("old"), 0U);
}

TEST_F(SharesTest, AccountsAreBoundedAndGivenOnWhenTheyAreEmpty) {
  constexpr std::uint64_t namespaces = 3 * Tenants::max_tenants;
  for (std::uint64_t i = 0; i < namespaces; ++i) {
    for (std::uint64_t page = 0; page < 5; ++page) read("ns" + std::to_string(i), page);
  }
  for (std::uint64_t i = 0; i < namespaces; ++i) {
    const std::string ns = "ns" + std::to_string(i);
    EXPECT_EQ(cache.bytes_of(ns), i < Tenants::shared_tenant ? 5 * page_charge : 0U) << ns;
    EXPECT_EQ(hits(ns, 5), 5U);
  }
  for (std::uint64_t page = 0; page < 5; ++page) cache.remove(key_of("ns3", page));
  read("late", 1);
  EXPECT_EQ(cache.bytes_of("late"), page_charge);
  cache.shrink(~std::uint64_t{0});
  EXPECT_EQ(cache.stats().bytes, 0U);
  EXPECT_EQ(cache.bytes_of("late"), 0U);
}

TEST_F(SharesTest, TheFirstHitOfAPrefetchedPageIsToldOnce) {
  prefetch("ns", 1);
  EXPECT_TRUE(cache.contains(key_of("ns", 1)));
  bool first_use = false;
  EXPECT_TRUE(cache.get(key_of("ns", 1), first_use));
  EXPECT_TRUE(first_use);
  first_use = false;
  EXPECT_TRUE(cache.get(key_of("ns", 1), first_use));
  EXPECT_FALSE(first_use);
  read("ns", 2);
  EXPECT_TRUE(cache.get(key_of("ns", 2), first_use));
  EXPECT_FALSE(first_use);
  EXPECT_EQ(cache.prefetch_outcomes(PageCause::prefetch).used, 1U);
  EXPECT_EQ(cache.prefetch_outcomes(PageCause::prefetch).unused, 0U);
}

TEST_F(SharesTest, PrefetchedPagesThatNobodyReadGiveWayWhenTheyAreTooManyOrTooOld) {
  for (std::uint64_t i = 0; i < pages; ++i) read("ns", i);
  constexpr std::uint64_t ahead = 1'000'000;
  for (std::uint64_t i = 0; i < 2 * pages; ++i) prefetch("ns", ahead + i);
  std::uint64_t waiting = 0;
  for (std::uint64_t i = 0; i < 2 * pages; ++i) waiting += cache.contains(key_of("ns", ahead + i)) ? 1U : 0U;
  EXPECT_NEAR(static_cast<double>(waiting), pages / 2.0, pages / 50.0) << "half of the cache, and no more";
  EXPECT_EQ(cache.prefetch_outcomes(PageCause::prefetch).unused, 2 * pages - waiting);
  for (std::uint64_t i = 0; i < 4 * pages; ++i) read("ns", 10 * pages + i);
  for (std::uint64_t i = 0; i < 2 * pages; ++i) EXPECT_FALSE(cache.contains(key_of("ns", ahead + i))) << i;
  EXPECT_EQ(cache.prefetch_outcomes(PageCause::prefetch).unused, 2 * pages);
  EXPECT_EQ(cache.prefetch_outcomes(PageCause::prefetch).used, 0U);
}

TEST_F(SharesTest, ReadAheadSurvivesUntilItsReaderComes) {
  for (std::uint64_t i = 0; i < pages; ++i) {
    for (int use = 0; use < 4; ++use) read("ns", i);  // all in the main queue once it is looked at
  }
  constexpr std::uint64_t stream = 1'000'000;
  constexpr std::uint64_t distance = pages / 5;  // twice what the small queue holds
  std::uint64_t lost = 0;
  for (std::uint64_t i = 0; i < 3 * pages; ++i) {
    prefetch("ns", stream + i);
    if (i >= distance && !cache.get(key_of("ns", stream + i - distance))) ++lost;
  }
  EXPECT_EQ(lost, 0U);
  EXPECT_EQ(cache.prefetch_outcomes(PageCause::prefetch).unused, 0U);
}

}  // namespace
}  // namespace seekfs::cache
