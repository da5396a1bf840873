// A reader who joins a page far behind in a GET that has come to a stop.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "fetch/page_fetcher.h"

namespace seekfs::fetch {
namespace {

constexpr std::uint32_t page_size = 1U << 20U;
constexpr std::uint32_t pages = 6;

/// One object whose pages hold their number in every byte. The first GET stops after two pages until it is released.
class StoppingStore final : public objectstore::ObjectStore {
 public:
  async::Task<objectstore::ObjectInfo> get(objectstore::ObjectRef, std::optional<objectstore::ByteRange> range,
                                           objectstore::BodySink& sink, objectstore::RequestOptions) override {
    const int number = ++gets;
    const bool stops = number == 1;
    if (number == 2 && holds_second) SEEKFS_CO_TRY(co_await second.wait());
    for (std::uint64_t off = range->off; off < range->off + range->len;) {
      if (stops && off == 2 * page_size) {
        stopped = true;
        SEEKFS_CO_TRY(co_await released.wait());
      }
      const std::span<std::byte> space = sink.prepare();
      if (space.empty()) break;
      std::memset(space.data(), static_cast<int>(off / page_size), space.size());
      sink.commit(space.size());
      off += space.size();
    }
    co_return objectstore::ObjectInfo{};
  }
  async::Task<objectstore::ObjectInfo> head(objectstore::ObjectRef, objectstore::RequestOptions) override {
    co_return objectstore::ObjectInfo{};
  }
  async::Task<objectstore::PutReply> put(std::string, objectstore::BodySource&, objectstore::PutOptions,
                                         objectstore::RequestOptions) override {
    co_return objectstore::PutReply{};
  }
  async::Task<objectstore::ListReply> list(objectstore::ListRequest, objectstore::RequestOptions) override {
    co_return objectstore::ListReply{};
  }
  async::Task<void> remove(objectstore::ObjectRef, objectstore::RequestOptions) override { co_return Status{}; }
  Status check_key(std::string_view) const override { return {}; }
  async::Task<void> flush(objectstore::RequestOptions) override { co_return Status{}; }
  std::string description() const override { return "stopping"; }

  std::atomic<int> gets{0};
  std::atomic<bool> stopped{false};
  async::Promise<void> released;
  std::atomic<bool> holds_second{false};
  async::Promise<void> second;
};

class Table final : public PageTable {
 public:
  std::uint32_t page_count() const override { return pages; }
  Row row(std::uint32_t page_id) const override {
    const std::vector<std::byte> content(page_size, static_cast<std::byte>(page_id));
    return {.key = {.file = {}, .page_id = page_id, .off = std::uint64_t{page_id} * page_size, .len = page_size},
            .crc32c = crc32c(content)};
  }
};

class OwnGetTest : public ::testing::Test {
 protected:
  OwnGetTest() {
    auto made = std::make_shared<PageSource>();
    made->object.key = "object";
    made->pages = std::make_shared<Table>();
    source = std::move(made);
  }
  ~OwnGetTest() override {
    store.released.set({});
    store.second.set({});
    fetcher.shutdown();
    background.stop();
  }
  PageTicket start(std::uint32_t page_id) {
    const PageTable::Row row = source->pages->row(page_id);
    std::vector<PageFetcher::Wanted> wanted;
    wanted.push_back({.request = {.key = row.key, .crc32c = row.crc32c, .source = source},
                      .buffer = MutablePage::allocate(page_size, nullptr)});
    return std::move(fetcher.start(std::move(wanted), background.executor()).front());
  }
  /// Page 0 is read, and its GET has stopped behind page 1.
  void read_first() {
    PageTicket first = start(0);
    ASSERT_TRUE(async::sync_wait(first.wait()));
    while (!store.stopped) std::this_thread::yield();
  }

  std::shared_ptr<const PageSource> source;
  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
  async::Reactor background{"background"};
  StoppingStore store;
  objectstore::OriginGate gate{{.requests_per_second = 0, .max_in_flight = 8, .breaker = false}, timers, metrics};
  cache::MemoryBudget memory{64U << 20U, timers};
  cache::PageCache l1{32U << 20U, memory};
  std::unique_ptr<l2::L2> l2 = l2::make_none();
  PageFetcher fetcher{{store, gate, l1, memory, *l2, timers, background, metrics, null_logger()},
                      {.run_on = {.get_price_bytes = 64U << 20U,
                                  .max_bytes = 16U << 20U,
                                  .patience = std::chrono::milliseconds(500),
                                  .prior = 0.5}}};
};

TEST_F(OwnGetTest, AReaderDoesNotWaitForAGetThatHasStopped) {
  read_first();
  clock.advance(std::chrono::seconds(5));
  PageTicket far = start(4);
  PageTicket beside = start(4);
  const auto arrived = async::sync_wait(far.wait());
  ASSERT_TRUE(arrived) << arrived.error().message;
  EXPECT_EQ(arrived->page.bytes()[0], std::byte{4});
  ASSERT_TRUE(async::sync_wait(beside.wait()));
  EXPECT_EQ(store.gets, 2) << "one of its own for all who wait for the page";
  EXPECT_EQ(metrics.counter("seekfs_far_behind_total", "").value(), 1U);

  store.released.set({});
  while (fetcher.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(store.gets, 2);
}

TEST_F(OwnGetTest, WhoJoinedAGetThatRanOutOfTimeGetsItsOwn) {
  read_first();
  PageTicket joined = start(4);
  store.released.set(fail(ErrorCode::timeout, "too slow"));
  const auto page = async::sync_wait(joined.wait());
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->page.bytes()[0], std::byte{4});
  EXPECT_EQ(store.gets, 2);
}

class TwoGetsTest : public OwnGetTest {
 protected:
  /// Page 4 has a reader, and is brought by the first GET and by one of its own; both have stopped.
  void read_behind() {
    store.holds_second = true;
    read_first();
    clock.advance(std::chrono::seconds(5));
    far = start(4);
    while (store.gets < 2) std::this_thread::yield();
  }
  void wait_until_one_ended() {
    while (gate.in_flight() > 1) std::this_thread::yield();
  }
  bool arrived() {
    const auto page = async::sync_wait(far.wait());
    EXPECT_TRUE(page) << page.error().message;
    return page && page->page.bytes()[0] == std::byte{4};
  }
  ~TwoGetsTest() override {
    far = {};
    memory.release(cache::MemoryUse::pages, taken);
  }
  PageTicket far;
  std::uint64_t taken = 0;
};

TEST_F(TwoGetsTest, WhenItsOwnGetFailsTheOtherBringsThePage) {
  read_behind();
  store.second.set(fail(ErrorCode::transient, "cut"));
  wait_until_one_ended();
  EXPECT_FALSE(far.ready());
  store.released.set({});
  EXPECT_TRUE(arrived());
}

TEST_F(TwoGetsTest, WhenTheOtherFailsItsOwnGetBringsThePage) {
  read_behind();
  store.released.set(fail(ErrorCode::timeout, "too slow"));
  wait_until_one_ended();
  EXPECT_FALSE(far.ready());
  store.second.set({});
  EXPECT_TRUE(arrived());
}

TEST_F(TwoGetsTest, WhenTheOtherEndsForWantOfMemoryItsOwnGetBringsThePage) {
  read_behind();
  const std::uint64_t charge = MutablePage::charge(page_size);
  while (l1.contains(source->pages->row(0).key) || l1.contains(source->pages->row(1).key) ||
         memory.used() + charge <= memory.total()) {
    if (memory.try_reserve(cache::MemoryUse::pages, charge / 2)) taken += charge / 2;
  }
  store.released.set({});
  wait_until_one_ended();
  EXPECT_FALSE(far.ready());
  EXPECT_EQ(store.gets, 2) << "nothing is asked for again";
  store.second.set({});
  EXPECT_TRUE(arrived());
}

TEST_F(TwoGetsTest, WhenBothFailTheReaderIsTold) {
  read_behind();
  store.second.set(fail(ErrorCode::transient, "cut"));
  wait_until_one_ended();
  store.released.set(fail(ErrorCode::transient, "cut, too"));
  EXPECT_FALSE(async::sync_wait(far.wait()));
  while (fetcher.in_flight() > 0) std::this_thread::yield();
}

TEST_F(OwnGetTest, AReaderWaitsForAGetThatIsQuickEnough) {
  read_first();
  PageTicket joined = start(4);
  store.released.set({});
  ASSERT_TRUE(async::sync_wait(joined.wait()));
  EXPECT_EQ(store.gets, 1);
}

}  // namespace
}  // namespace seekfs::fetch
