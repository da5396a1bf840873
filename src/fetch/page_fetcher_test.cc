// The way of a miss by itself: L2 is judged, neighbours leave together, who has gone is not read for, errors name the
// file that was asked for.
#include "fetch/page_fetcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "fetch/fetch_metrics.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"

namespace seekfs::fetch {
namespace {

using objectstore::OriginGate;
using objectstore::StoreFault;
using objectstore::StoreOp;

constexpr std::uint32_t page_size = 100;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }
std::string text_of(const PageRef& page) {
  return {reinterpret_cast<const char*>(page.bytes().data()), page.bytes().size()};
}

/// A second tier that says what it is told to say.
class ScriptedL2 final : public l2::L2 {
 public:
  bool may_contain(const manifest::PageKey& key, const l2::PageFacts&) const override {
    MutexLock lock(mutex_);
    return pages_.contains(key.page_id);
  }
  async::Task<bool> get(manifest::PageKey key, l2::PageFacts, std::span<std::byte> out) override {
    MutexLock lock(mutex_);
    const auto page = pages_.find(key.page_id);
    if (page == pages_.end()) co_return false;
    if (!page->second) co_return fail(ErrorCode::transient, "a bad disk");
    std::ranges::copy(bytes_of(*page->second), out.begin());
    co_return true;
  }
  void put(const manifest::PageKey& key, const l2::PageFacts&, PageRef page) override {
    set(key.page_id, text_of(page));
  }
  void remove(const manifest::PageKey& key) override {
    ++removed;
    MutexLock lock(mutex_);
    pages_.erase(key.page_id);
  }
  bool enabled() const override { return true; }
  l2::L2Stats stats() const override { return {}; }

  /// Nothing: reading the page fails.
  void set(std::uint32_t page_id, std::optional<std::string> content) {
    MutexLock lock(mutex_);
    pages_[page_id] = std::move(content);
  }
  std::optional<std::string> page(std::uint32_t page_id) const {
    MutexLock lock(mutex_);
    const auto page = pages_.find(page_id);
    return page == pages_.end() ? std::nullopt : page->second;
  }

  std::atomic<int> removed{0};

 private:
  mutable Mutex mutex_;
  std::map<std::uint32_t, std::optional<std::string>> pages_ SEEKFS_GUARDED_BY(mutex_);
};

class PageFetcherTest : public ::testing::Test {
 protected:
  explicit PageFetcherTest(RunOnPolicy policy = {}) : run_on(policy) {
    for (std::size_t i = 0; i < 5U * page_size; ++i) content.push_back(static_cast<char>('a' + i / page_size));
    etag = async::sync_wait(objectstore::put_small(*base_store, "object", content, {}, {})).value().etag;
  }
  ~PageFetcherTest() override {
    fetcher.shutdown();
    background.stop();
  }

  /// The pages of `path`, all five of them.
  class Table final : public PageTable {
   public:
    Table(PageFetcherTest& test, std::string path) : test_(test), path_(std::move(path)) {}
    std::uint32_t page_count() const override { return 5; }
    Row row(std::uint32_t page_id) const override {
      const PageRequest page = test_.request(page_id, path_);
      return {.key = page.key, .crc32c = page.crc32c};
    }

   private:
    PageFetcherTest& test_;
    std::string path_;
  };
  /// A page of a file whose other pages are known.
  PageRequest known(std::uint32_t page_id) {
    PageRequest made = request(page_id);
    auto source = std::make_shared<PageSource>(*made.source);
    source->pages = std::make_shared<Table>(*this, "f");
    made.source = std::move(source);
    return made;
  }
  PageRequest request(std::uint32_t page_id, const std::string& path = "f") {
    auto source = std::make_shared<PageSource>();
    source->ns = "demo";
    source->path = path;
    source->object = {.key = "object", .if_match = etag, .version_id = {}};
    PageRequest made;
    made.key = {.file = {}, .page_id = page_id, .off = std::uint64_t{page_id} * page_size, .len = page_size};
    made.key.file.bytes[0] = static_cast<std::byte>(path[0]);
    made.crc32c = crc32c(bytes_of(page_text(page_id)));
    made.source = std::move(source);
    return made;
  }
  std::string page_text(std::uint32_t page_id) const { return content.substr(page_id * page_size, page_size); }

  std::vector<PageTicket> start(const std::vector<PageRequest>& requests) {
    std::vector<PageFetcher::Wanted> wanted;
    for (const PageRequest& each : requests) {
      wanted.push_back({.request = each, .buffer = MutablePage::allocate(each.key.len, nullptr)});
    }
    return fetcher.start(std::move(wanted), background.executor());
  }
  std::vector<PageTicket> prefetch(const std::vector<PageRequest>& requests, bool keep_in_l1 = true) {
    std::vector<PageFetcher::Wanted> wanted;
    for (const PageRequest& each : requests) {
      wanted.push_back({.request = each,
                        .buffer = MutablePage::allocate(each.key.len, nullptr),
                        .purpose = objectstore::Purpose::prefetch,
                        .keep_in_l1 = keep_in_l1});
    }
    return fetcher.start(std::move(wanted), background.executor());
  }
  Result<PageArrival> wait(PageTicket& ticket) {
    return async::sync_wait(ticket.wait(timers, clock.now() + std::chrono::seconds(60)));
  }
  Result<PageArrival> read(const PageRequest& wanted) { return wait(start({wanted}).front()); }

  /// Takes the gate's only permit, so that what is started queues behind it.
  void shut_gate() {
    gate.acquire(objectstore::Purpose::demand,
                 [this](Result<OriginGate::Permit> permit) { held = std::move(*permit); });
  }
  /// As a store does that gives nothing but failures for a while.
  void open_breaker() {
    const env::TimePoint sent = clock.now();
    clock.advance(std::chrono::seconds(5));
    while (!gate.open()) gate.report(objectstore::OriginAnswer::transient, sent);
  }
  void expect_idle() {
    while (gate.in_flight() > 0) std::this_thread::yield();
    EXPECT_EQ(fetcher.in_flight(), 0U);
  }

  std::string content;
  std::string etag;
  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
  async::Reactor background{"background"};
  std::unique_ptr<objectstore::ObjectStore> base_store = objectstore::make_mem_store(clock);
  std::atomic<int> gets{0};
  std::atomic<std::optional<ErrorCode>> fault{};  ///< of every GET
  std::unique_ptr<objectstore::ObjectStore> store =
      objectstore::make_faulty_store(*base_store, [this](StoreOp op, const std::string&) {
        if (op != StoreOp::get) return StoreFault{};
        ++gets;
        const std::optional<ErrorCode> refusal = fault;
        return refusal ? StoreFault{.fail_before = Error(*refusal, "refused")} : StoreFault{};
      });
  OriginGate gate{{.requests_per_second = 0, .max_in_flight = 1, .breaker = true}, timers, metrics};
  std::optional<OriginGate::Permit> held;
  cache::MemoryBudget memory{4U << 20U, timers};
  cache::PageCache l1{1U << 20U, memory};
  ScriptedL2 l2;
  RunOnPolicy run_on;
  PageFetcher fetcher{{*store, gate, l1, memory, l2, timers, background, metrics, null_logger()}, {.run_on = run_on}};
};

/// Its GETs run on over as many as three pages.
class RunOnTest : public PageFetcherTest {
 protected:
  RunOnTest() : PageFetcherTest({.get_price_bytes = 1000, .max_bytes = 3 * page_size, .prior = 0.5}) {}

  std::string cached() {
    std::string ids;
    for (std::uint32_t id = 0; id < 5; ++id) {
      if (l1.contains(request(id).key)) ids += std::to_string(id);
    }
    return ids;
  }
  std::uint64_t run_on_pages() { return metrics.counter("seekfs_run_on_pages_total", "").value(); }
};

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

TEST_F(PageFetcherTest, WhileTheBreakerIsOpenPrefetchesAreRefusedAtOnce) {
  open_breaker();
  auto hinted = prefetch({request(0)});
  EXPECT_EQ(wait(hinted[0]).error().code, ErrorCode::origin_unavailable);
  EXPECT_EQ(gets, 0);
  expect_idle();
}

}  // namespace
}  // namespace seekfs::fetch
