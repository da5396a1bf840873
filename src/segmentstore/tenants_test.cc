// Two namespaces in one store: who reads much takes nothing from who reads little.
#include <gtest/gtest.h>

#include "env/simulated_disk_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint32_t length = 3800;
constexpr std::uint64_t page_cost = length + 128;
constexpr TenantId warm = 1;
constexpr TenantId scanning = 2;

/// 4 MiB in segments of 64 KiB: about a thousand pages.
class Tenants : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(store.open()); }
  static StoreOptions options() {
    StoreOptions options = tiny_store();
    options.capacity = 4U << 20U;
    return options;
  }
  static NewPage page(TenantId tenant, std::uint64_t number) {
    NewPage page = make_test_page(tenant * 1'000'000 + number, length);
    page.tenant = tenant;
    return page;
  }
  void put(TenantId tenant, std::uint64_t from, std::uint64_t count) {
    for (std::uint64_t i = from; i < from + count; ++i) {
      const Status done = store.append(page(tenant, i));
      ASSERT_TRUE(done) << done.error().message;
      ASSERT_LE(store->stats().disk_bytes, options().capacity);
    }
  }
  /// Without marking them as read.
  std::uint64_t held(TenantId tenant, std::uint64_t count, std::uint64_t from = 0) {
    std::uint64_t found = 0;
    for (std::uint64_t i = from; i < from + count; ++i) found += store->may_contain(page(tenant, i).key) ? 1 : 0;
    return found;
  }
  std::uint64_t bytes_of(TenantId tenant) {
    for (const TenantBytes& one : store->tenants()) {
      if (one.tenant == tenant) return one.bytes;
    }
    return 0;
  }
  double amplification() {
    const StoreStats stats = store->stats();
    return static_cast<double>(stats.written_bytes) / static_cast<double>(stats.put_bytes);
  }
  void reopen_without_index() {
    ASSERT_TRUE(store->close());
    store.abandon();
    for (const auto& entry : disk->list("/store/index").value()) {
      ASSERT_TRUE(disk->remove_file("/store/index/" + entry.name));
    }
    ASSERT_TRUE(store.open());
  }
  std::uint64_t pages_that_fit() const { return options().capacity / page_cost; }

  std::unique_ptr<env::SimulatedDisk> disk = env::make_simulated_disk(16U << 20U);
  StoreForTest store{*disk, options()};
};

TEST_F(Tenants, AScanTakesNothingFromAWarmSetBelowItsShare) {
  const std::uint64_t set = pages_that_fit() * 2 / 5;
  put(warm, 0, set);
  put(scanning, 0, 5 * pages_that_fit());
  EXPECT_GE(held(warm, set) * 100, set * 95) << held(warm, set) << " of " << set;
  EXPECT_GE(bytes_of(warm), set * page_cost * 95 / 100);
  EXPECT_GT(bytes_of(scanning), options().capacity / 3) << "what the other leaves is used";
  EXPECT_LT(amplification(), 1.3);
}

TEST_F(Tenants, AlsoWhenThePagesOfBothLieInTheSameSegments) {
  const std::uint64_t set = pages_that_fit() * 3 / 10;
  for (std::uint64_t i = 0; i < set; ++i) {
    put(warm, i, 1);
    put(scanning, 2 * i, 2);
  }
  put(scanning, 2 * set, 5 * pages_that_fit());
  EXPECT_GE(held(warm, set) * 100, set * 95) << held(warm, set) << " of " << set;
  EXPECT_LT(amplification(), 1.5);
}

TEST_F(Tenants, ThreeIdleOnesKeepTheirsBesideAScan) {
  const std::uint64_t set = pages_that_fit() / 5;
  for (std::uint64_t i = 0; i < set; ++i) {
    for (const TenantId tenant : {3U, 4U, 5U}) put(tenant, i, 1);
  }
  put(scanning, 0, 5 * pages_that_fit());
  for (const TenantId tenant : {3U, 4U, 5U}) {
    EXPECT_GE(held(tenant, set) * 100, set * 95) << held(tenant, set) << " of " << set;
  }
  EXPECT_LT(amplification(), 1.5);
}

TEST_F(Tenants, ALoneOneUsesAll) {
  put(scanning, 0, 3 * pages_that_fit());
  EXPECT_GT(bytes_of(scanning), options().capacity * 4 / 5);
  EXPECT_LT(amplification(), 1.1);
}

TEST_F(Tenants, WhoHasMoreThanItsShareGivesWayFirst) {
  put(warm, 0, 3 * pages_that_fit());
  const std::uint64_t before = bytes_of(warm);
  put(scanning, 0, 3 * pages_that_fit());
  EXPECT_LT(bytes_of(warm), before * 6 / 10);
  EXPECT_GT(bytes_of(warm), before * 4 / 10) << "down to its share and no further";
  EXPECT_GT(bytes_of(scanning), before * 4 / 10);
}

TEST_F(Tenants, TwoThatWriteAlikeCostNoMoreThanOne) {
  for (std::uint64_t i = 0; i < 3 * pages_that_fit(); ++i) {
    put(warm, i, 1);
    put(scanning, i, 1);
  }
  EXPECT_LT(amplification(), 1.15);
}

TEST_F(Tenants, WhoseAPageIsOutlivesALostIndex) {
  const std::uint64_t set = pages_that_fit() * 2 / 5;
  put(warm, 0, set);
  put(scanning, 0, pages_that_fit());
  reopen_without_index();
  EXPECT_EQ(bytes_of(warm), 0U);
  put(scanning, pages_that_fit(), 5 * pages_that_fit());
  EXPECT_GE(held(warm, set) * 100, set * 95) << held(warm, set) << " of " << set;
  EXPECT_GE(bytes_of(warm), set * page_cost * 95 / 100) << "known again";
  EXPECT_LT(amplification(), 1.5);
}

TEST_F(Tenants, WhoseAPageIsThatWasCarriedOverOutlivesALostIndex) {
  const std::uint64_t set = pages_that_fit() * 3 / 10;
  for (std::uint64_t i = 0; i < set; ++i) {
    put(warm, i, 1);
    put(scanning, 2 * i, 2);
  }
  put(scanning, 2 * set, 2 * pages_that_fit());
  const std::uint64_t before = held(warm, set);
  reopen_without_index();
  put(scanning, 10 * pages_that_fit(), 3 * pages_that_fit());
  EXPECT_GE(held(warm, set) * 100, before * 95) << held(warm, set) << " of " << before;
}

TEST_F(Tenants, PagesThatAreRemovedCountForNobody) {
  put(warm, 0, 100);
  EXPECT_EQ(bytes_of(warm), 100 * page_cost);
  for (std::uint64_t i = 0; i < 100; ++i) store->remove(page(warm, i).key);
  EXPECT_EQ(bytes_of(warm), 0U);
  put(warm, 0, 1);
  ASSERT_TRUE(store->drop_all());
  EXPECT_EQ(bytes_of(warm), 0U);
}

}  // namespace
}  // namespace seekfs::segmentstore
