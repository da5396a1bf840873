// GETs that run on over pages that nobody asked for: how far, and what becomes of those pages.
#include "fetch/page_fetcher_testing.h"

namespace seekfs::fetch {
namespace {

/// Its GETs run on over as many as three pages.
class RunOnTest : public PageFetcherTest {
 protected:
  explicit RunOnTest(RunOnPolicy policy = {.get_price_bytes = 1000, .max_bytes = 3 * page_size, .prior = 0.5})
      : PageFetcherTest(policy) {}

  /// A file of which one page does not have the bytes that its manifest promises.
  class DamagedTable final : public PageTable {
   public:
    DamagedTable(std::shared_ptr<const PageTable> pages, std::uint32_t damaged)
        : pages_(std::move(pages)), damaged_(damaged) {}
    std::uint32_t page_count() const override { return pages_->page_count(); }
    Row row(std::uint32_t page_id) const override {
      Row row = pages_->row(page_id);
      if (page_id == damaged_) ++row.crc32c;
      return row;
    }

   private:
    std::shared_ptr<const PageTable> pages_;
    std::uint32_t damaged_;
  };

  std::string cached() {
    std::string ids;
    for (std::uint32_t id = 0; id < 5; ++id) {
      if (l1.contains(request(id).key)) ids += std::to_string(id);
    }
    return ids;
  }
  std::uint64_t run_on_pages() { return metrics.counter("seekfs_run_on_pages_total", "").value(); }
};

TEST_F(RunOnTest, AGetGoesOnOverPagesThatNobodyAskedFor) {
  EXPECT_EQ(text_of(read(known(1))->page), page_text(1));
  expect_idle();
  EXPECT_EQ(gets, 1);
  EXPECT_EQ(cached(), "1234");
  EXPECT_EQ(l2.page(3), page_text(3));
  EXPECT_EQ(run_on_pages(), 3U);
}

TEST_F(RunOnTest, StopsAtTheEndOfTheFileAndAtWhatIsKnownAlready) {
  ASSERT_TRUE(read(known(4)));
  expect_idle();
  EXPECT_EQ(run_on_pages(), 0U);
  l2.set(3, page_text(3));
  ASSERT_TRUE(read(known(2)));
  expect_idle();
  EXPECT_EQ(run_on_pages(), 0U) << "L2 has what follows";
  ASSERT_TRUE(read(known(0)));
  expect_idle();
  EXPECT_EQ(run_on_pages(), 1U);
  EXPECT_EQ(cached(), "0124");
  EXPECT_EQ(gets, 3);
}

TEST_F(RunOnTest, StopsAtAPageThatIsOnItsWayAndAReaderMayJoinOneThatItRunsOnOver) {
  shut_gate();
  auto first = start({known(1)});
  auto far = prefetch({known(3)});
  held.reset();
  ASSERT_TRUE(wait(first[0]));
  auto joined = start({known(2)});
  EXPECT_EQ(text_of(wait(joined[0])->page), page_text(2));
  EXPECT_EQ(text_of(async::sync_wait(far[0].wait())->page), page_text(3));
  expect_idle();
}

TEST_F(RunOnTest, NotWhileOthersWaitForTheStoreNorForAPrefetch) {
  shut_gate();
  auto hinted = prefetch({known(2)});
  auto reader = start({known(0)});
  held.reset();
  ASSERT_TRUE(wait(reader[0]));
  ASSERT_TRUE(wait(hinted[0]));
  expect_idle();
  EXPECT_EQ(run_on_pages(), 0U);
}

TEST_F(RunOnTest, WhereThereIsNoMemoryTheGetEndsAndThoseWhoWaitAreServed) {
  const std::uint64_t others = memory.total();
  ASSERT_TRUE(memory.try_reserve(cache::MemoryUse::pages, others));
  ASSERT_TRUE(read(known(0)));
  auto joined = start({known(2)});
  EXPECT_EQ(text_of(wait(joined[0])->page), page_text(2));
  expect_idle();
  memory.release(cache::MemoryUse::pages, others);
}

/// They also begin a page earlier.
class LeadInTest : public RunOnTest {
 protected:
  LeadInTest()
      : RunOnTest({.get_price_bytes = 1000, .max_bytes = 3 * page_size, .lead_in_max_bytes = page_size, .prior = 0.5}) {
  }
};

TEST_F(LeadInTest, WhatComesBeforeAWantedPageHasMemoryOrIsLeftOut) {
  const std::uint64_t others = memory.total();
  ASSERT_TRUE(memory.try_reserve(cache::MemoryUse::pages, others));
  EXPECT_EQ(text_of(read(known(1))->page), page_text(1));
  expect_idle();
  EXPECT_EQ(gets, 1);
  EXPECT_EQ(run_on_pages(), 2U) << "behind it";
  memory.release(cache::MemoryUse::pages, others);
}

TEST_F(RunOnTest, ADamagedPageThatNobodyAskedForIsLeftAlone) {
  PageRequest first = known(0);
  auto source = std::make_shared<PageSource>(*first.source);
  source->pages = std::make_shared<DamagedTable>(source->pages, 2);
  first.source = std::move(source);
  ASSERT_TRUE(read(first));
  expect_idle();
  EXPECT_EQ(gets, 1);
  EXPECT_EQ(cached(), "013");
}

/// Its GETs run on only where readers are dense.
class DenseTest : public RunOnTest {
 protected:
  DenseTest() : RunOnTest({.get_price_bytes = 1U << 30U, .max_bytes = page_size, .prior = 0}) {}
};

TEST_F(DenseTest, WhatAGetIsForSaysNothingOfItsNeighbours) {
  ASSERT_TRUE(read(known(0)));
  expect_idle();
  EXPECT_EQ(run_on_pages(), 0U);
  ASSERT_TRUE(read(known(2)));
  expect_idle();
  EXPECT_EQ(run_on_pages(), 1U) << "another page of the region was asked for before";
}

}  // namespace
}  // namespace seekfs::fetch
