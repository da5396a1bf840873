// The way of a miss by itself: L2 is judged, neighbours leave together, who has gone is not read for, errors name the
// file that was asked for.
#include "fetch/page_fetcher_testing.h"

namespace seekfs::fetch {
namespace {

TEST_F(PageFetcherTest, APageFromTheStoreIsInBothCachesForTheNextReader) {
  const auto arrived = read(request(1));
  ASSERT_TRUE(arrived) << arrived.error().message;
  EXPECT_EQ(text_of(arrived->page), page_text(1));
  EXPECT_EQ(arrived->tier, PageTier::origin);
  EXPECT_TRUE(l1.contains(request(1).key));
  expect_idle();
  EXPECT_EQ(l2.page(1), page_text(1));
}

TEST_F(PageFetcherTest, APageThatCameIntoL1SinceTheCallerLookedIsTakenFromThere) {
  ASSERT_TRUE(read(request(1)));
  const auto arrived = read(request(1));
  EXPECT_EQ(arrived->tier, PageTier::l1);
  EXPECT_EQ(text_of(arrived->page), page_text(1));
  EXPECT_EQ(gets, 1);
}

TEST_F(PageFetcherTest, AGoodPageOfL2NeedsNoGetAndEntersL1) {
  l2.set(2, page_text(2));
  const auto arrived = read(request(2));
  EXPECT_EQ(arrived->tier, PageTier::l2);
  EXPECT_EQ(text_of(arrived->page), page_text(2));
  EXPECT_EQ(gets, 0);
  EXPECT_TRUE(l1.contains(request(2).key));
}

TEST_F(PageFetcherTest, ADamagedPageOfL2IsDroppedThereAndReadFromTheStore) {
  std::string damaged = page_text(2);
  damaged[99] ^= 1;
  l2.set(2, damaged);
  const auto arrived = read(request(2));
  EXPECT_EQ(arrived->tier, PageTier::origin);
  EXPECT_EQ(text_of(arrived->page), page_text(2));
  EXPECT_EQ(metrics.counter(FetchMetrics::crc_failures, "", {{"where", "l2"}}).value(), 1U);
  EXPECT_EQ(l2.removed, 1);
  expect_idle();
  EXPECT_EQ(l2.page(2), page_text(2));
}

TEST_F(PageFetcherTest, ATierThatFailsIsAMiss) {
  l2.set(2, std::nullopt);
  EXPECT_EQ(text_of(read(request(2))->page), page_text(2));
  EXPECT_EQ(metrics.counter(FetchMetrics::crc_failures, "", {{"where", "l2"}}).value(), 0U);
}

TEST_F(PageFetcherTest, WhatNobodyWaitsForAnyMoreIsNotAskedOfTheStore) {
  shut_gate();
  auto tickets = start({request(0), request(1), request(2), request(3)});
  auto lonely = start({request(4, "other")});
  PageTicket second = std::move(tickets[1]);
  PageTicket third = std::move(tickets[2]);
  tickets.clear();
  lonely.clear();
  held.reset();
  EXPECT_EQ(text_of(wait(third)->page), page_text(2));
  EXPECT_EQ(text_of(wait(second)->page), page_text(1));
  expect_idle();
  EXPECT_EQ(gets, 1);
  EXPECT_FALSE(l1.contains(request(0).key));
  EXPECT_FALSE(l1.contains(request(3).key));
  EXPECT_EQ(metrics.counter("seekfs_coalesced_pages_total", "").value(), 1U);
}

TEST_F(PageFetcherTest, AChangedObjectIsToldToEachReaderOfItByTheNameOfTheReadersFile) {
  async::sync_wait(objectstore::put_small(*base_store, "object", "something else", {}, {})).value();
  shut_gate();
  auto tickets = start({request(0, "f"), request(1, "g")});
  held.reset();
  const auto f = wait(tickets[0]);
  const auto g = wait(tickets[1]);
  ASSERT_FALSE(f);
  ASSERT_FALSE(g);
  EXPECT_EQ(f.error().code, ErrorCode::source_changed);
  EXPECT_TRUE(f.error().message.starts_with("demo/f: ")) << f.error().message;
  EXPECT_TRUE(g.error().message.starts_with("demo/g: ")) << g.error().message;
  const auto remembered = read(request(3, "h"));
  ASSERT_FALSE(remembered);
  EXPECT_TRUE(remembered.error().message.starts_with("demo/h: ")) << remembered.error().message;
  EXPECT_EQ(gets, 1);
  expect_idle();
}

TEST_F(PageFetcherTest, ARefusalOfAnObjectThatIsAsPublishedIsNotRemembered) {
  fault = ErrorCode::precondition_failed;
  const auto refused = read(request(1));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::origin_unavailable);
  fault = std::nullopt;
  EXPECT_EQ(text_of(read(request(1))->page), page_text(1));
  expect_idle();
}

TEST_F(PageFetcherTest, WhileTheBreakerIsOpenCachedPagesAreServedAndOthersRefusedAtOnce) {
  ASSERT_TRUE(read(request(1)));
  expect_idle();
  open_breaker();
  l2.set(2, page_text(2));
  EXPECT_EQ(read(request(1))->tier, PageTier::l1);
  EXPECT_EQ(read(request(2))->tier, PageTier::l2);
  for (int i = 0; i < 3; ++i) {
    const auto refused = read(request(3));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::origin_unavailable);
    EXPECT_TRUE(refused.error().message.starts_with("demo/f: ")) << refused.error().message;
    EXPECT_TRUE(refused.error().retry_after);
  }
  EXPECT_EQ(gets, 1) << "the store was not asked";
  expect_idle();

  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(text_of(read(request(3))->page), page_text(3)) << "as the breaker's probe";
  expect_idle();
}

TEST_F(PageFetcherTest, ReadersWhoWaitWhenTheBreakerOpensAreToldAtOnce) {
  shut_gate();
  auto tickets = start({request(0), request(4, "g")});
  open_breaker();
  for (auto& ticket : tickets) EXPECT_EQ(wait(ticket).error().code, ErrorCode::origin_unavailable);
  held.reset();
  EXPECT_EQ(gets, 0);
  expect_idle();
}

TEST_F(PageFetcherTest, AShutdownEndsTheWaitOfThoseWhoseGetWasNotSent) {
  shut_gate();
  auto tickets = start({request(0)});
  std::thread stopping([this] { fetcher.shutdown(); });
  EXPECT_EQ(wait(tickets[0]).error().code, ErrorCode::cancelled);
  EXPECT_EQ(read(request(1)).error().code, ErrorCode::cancelled);
  held.reset();
  stopping.join();
  EXPECT_EQ(gets, 0);
  expect_idle();
}

TEST_F(PageFetcherTest, APrefetchWaitsBehindDemandAndIsRaisedWhenAReaderAsksForIt) {
  shut_gate();
  auto hinted = prefetch({request(0), request(2)});
  auto read_late = start({request(4)});
  auto joined = start({request(2)});
  held.reset();  // one permit: each GET begins when the one before has ended
  EXPECT_EQ(text_of(wait(read_late[0])->page), page_text(4));
  EXPECT_EQ(text_of(wait(joined[0])->page), page_text(2));
  EXPECT_EQ(text_of(wait(hinted[1])->page), page_text(2)) << "the same read";
  EXPECT_EQ(text_of(async::sync_wait(hinted[0].wait())->page), page_text(0));
  expect_idle();
  EXPECT_EQ(gets, 3);
  EXPECT_EQ(metrics.counter("seekfs_prefetch_raised_total", "").value(), 1U);
}

TEST_F(PageFetcherTest, APrefetchPastL1sShareGoesIntoL2OnlyUnlessAReaderJoins) {
  shut_gate();
  auto hinted = prefetch({request(0), request(2)}, false);
  auto joined = start({request(2)});
  held.reset();
  ASSERT_TRUE(wait(hinted[0]));
  ASSERT_TRUE(wait(joined[0]));
  expect_idle();
  EXPECT_FALSE(l1.contains(request(0).key));
  EXPECT_TRUE(l1.contains(request(2).key));
  EXPECT_EQ(l2.page(0), page_text(0));
}

TEST_F(PageFetcherTest, ACancelledPrefetchIsNotAskedOfTheStore) {
  shut_gate();
  auto hinted = prefetch({request(0)});
  hinted[0].cancel();
  EXPECT_EQ(async::sync_wait(hinted[0].wait()).error().code, ErrorCode::cancelled);
  held.reset();
  while (fetcher.in_flight() > 0) std::this_thread::yield();
  expect_idle();
  EXPECT_EQ(gets, 0);
}

TEST_F(PageFetcherTest, ReadAheadArrivesThoughNobodyWaitsAndIsRaisedWhenAReaderJoins) {
  ASSERT_TRUE(read(request(3)));
  expect_idle();
  shut_gate();
  auto hinted = prefetch({request(4)});
  EXPECT_EQ(fetcher.prefetch(std::vector{request(0), request(2), request(3), request(4)}, background.executor()), 4U);
  EXPECT_EQ(fetcher.in_flight(), 3U) << "one is in L1, one was on its way";
  auto joined = start({request(2)});
  held.reset();
  EXPECT_EQ(text_of(wait(joined[0])->page), page_text(2));
  EXPECT_EQ(text_of(async::sync_wait(hinted[0].wait())->page), page_text(4));
  while (!l1.contains(request(0).key)) std::this_thread::yield();
  expect_idle();
  EXPECT_EQ(gets, 4);
  EXPECT_EQ(metrics.counter("seekfs_prefetch_raised_total", "").value(), 1U);
}

TEST_F(PageFetcherTest, ReadAheadEndsWhereThereIsNoMemory) {
  const std::uint64_t page_charge = MutablePage::charge(page_size);
  const std::uint64_t others = memory.total() - 2 * page_charge;
  ASSERT_TRUE(memory.try_reserve(cache::MemoryUse::pages, others));
  shut_gate();
  EXPECT_EQ(fetcher.prefetch(std::vector{request(0), request(1), request(2)}, background.executor()), 2U);
  EXPECT_EQ(fetcher.in_flight(), 2U);
  held.reset();
  while (!l1.contains(request(1).key)) std::this_thread::yield();
  expect_idle();
  EXPECT_FALSE(l1.contains(request(2).key));
  memory.release(cache::MemoryUse::pages, others);
}

TEST_F(PageFetcherTest, ReadAheadThatFailsIsForgotten) {
  fault = ErrorCode::transient;
  EXPECT_EQ(fetcher.prefetch(std::vector{request(0)}, background.executor()), 1U);
  while (fetcher.in_flight() > 0) std::this_thread::yield();
  expect_idle();
  fetcher.shutdown();
  EXPECT_EQ(fetcher.prefetch(std::vector{request(1)}, background.executor()), 1U);
  EXPECT_EQ(fetcher.in_flight(), 0U);
  EXPECT_EQ(gets, 1);
}

TEST_F(PageFetcherTest, WhileTheBreakerIsOpenPrefetchesAreRefusedAtOnce) {
  open_breaker();
  auto hinted = prefetch({request(0)});
  EXPECT_EQ(wait(hinted[0]).error().code, ErrorCode::origin_unavailable);
  EXPECT_EQ(gets, 0);
  expect_idle();
}

}  // namespace
}  // namespace seekfs::fetch
