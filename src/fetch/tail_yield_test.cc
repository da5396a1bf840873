// GETs side by side on a store whose bodies the test moves by hand: whose bytes come first, who is raised, who ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <thread>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "fetch/page_fetcher.h"
#include "objectstore/origin_gate.h"

namespace seekfs::fetch {
namespace {

using objectstore::OriginGate;
using objectstore::Purpose;

constexpr std::uint32_t page_size = 100;
constexpr std::uint32_t pages = 8;

/// Every page of every object has other bytes.
std::string page_text(const std::string& object, std::uint32_t page_id) {
  std::string text = object + std::to_string(page_id);
  text.resize(page_size, static_cast<char>('a' + page_id));
  return text;
}

/// A store that can pause, and gives bytes only when it is told to. GETs are counted in the order in which they came.
class HandMovedStore final : public objectstore::ObjectStore {
 public:
  struct Body final : objectstore::PausedBody {
    void resume() override { resumed.fetch_add(1); }
    std::atomic<int> resumed = 0;
  };
  struct Get {
    objectstore::ByteRange range;
    std::string rest;
    objectstore::BodySink* sink;
    Purpose purpose;
    std::shared_ptr<Body> body = std::make_shared<Body>();
    async::Promise<objectstore::ObjectInfo> answer;
  };

  async::Task<objectstore::ObjectInfo> get(objectstore::ObjectRef object, std::optional<objectstore::ByteRange> range,
                                           objectstore::BodySink& sink, objectstore::RequestOptions options) override {
    std::string whole;
    for (std::uint32_t id = 0; id < pages; ++id) whole += page_text(object.key, id);
    async::Promise<objectstore::ObjectInfo> answer;
    {
      MutexLock lock(mutex_);
      gets_.push_back({.range = *range,
                       .rest = whole.substr(range->off, range->len),
                       .sink = &sink,
                       .purpose = options.purpose,
                       .answer = answer});
      came_.notify_all();
    }
    co_return co_await answer.wait();
  }

  /// GET number `index`, once it was sent.
  Get& at(std::size_t index) {
    MutexLock lock(mutex_);
    while (gets_.size() <= index) came_.wait(mutex_);
    return gets_[index];
  }
  std::size_t sent() const {
    MutexLock lock(mutex_);
    return gets_.size();
  }
  enum class State : std::uint8_t { fed, paused, ended };
  /// Gives up to `count` bytes to the sink, in pieces of less than a page.
  State feed(std::size_t index, std::size_t count) {
    Get& get = at(index);
    while (count > 0 && !get.rest.empty()) {
      if (get.sink->wants_pause(get.body)) return State::paused;
      const std::span<std::byte> room = get.sink->prepare();
      if (room.empty()) break;
      const std::size_t piece = std::min({room.size(), get.rest.size(), count, std::size_t{30}});
      std::ranges::copy(std::as_bytes(std::span(get.rest).first(piece)), room.begin());
      get.sink->commit(piece);
      get.rest.erase(0, piece);
      count -= piece;
    }
    if (count > 0 || get.rest.empty()) {
      get.answer.set(objectstore::ObjectInfo{});
      return State::ended;
    }
    return State::fed;
  }

  async::Task<objectstore::ObjectInfo> head(objectstore::ObjectRef, objectstore::RequestOptions) override {
    co_return fail(ErrorCode::invalid, "not here");
  }
  async::Task<objectstore::PutReply> put(std::string, objectstore::BodySource&, objectstore::PutOptions,
                                         objectstore::RequestOptions) override {
    co_return fail(ErrorCode::invalid, "not here");
  }
  async::Task<objectstore::ListReply> list(objectstore::ListRequest, objectstore::RequestOptions) override {
    co_return fail(ErrorCode::invalid, "not here");
  }
  async::Task<void> remove(objectstore::ObjectRef, objectstore::RequestOptions) override {
    co_return fail(ErrorCode::invalid, "not here");
  }
  Status check_key(std::string_view) const override { return {}; }
  async::Task<void> flush(objectstore::RequestOptions) override { co_return Status(); }
  std::string description() const override { return "moved by hand"; }

 private:
  mutable Mutex mutex_;
  CondVar came_;
  std::deque<Get> gets_ SEEKFS_GUARDED_BY(mutex_);
};

using State = HandMovedStore::State;

class TailYieldTest : public testing::Test {
 protected:
  ~TailYieldTest() override {
    fetcher.shutdown();
    background.stop();
    EXPECT_EQ(metrics.gauge("seekfs_origin_paused_transfers", "").value(), 0);
  }

  static PageRequest request(const std::string& object, std::uint32_t page_id) {
    auto source = std::make_shared<PageSource>();
    source->ns = "demo";
    source->path = object;
    source->object = {.key = object, .if_match = "\"e\"", .version_id = {}};
    PageRequest made;
    made.key = {.file = {}, .page_id = page_id, .off = std::uint64_t{page_id} * page_size, .len = page_size};
    made.key.file.bytes[0] = static_cast<std::byte>(object[0]);
    const std::string text = page_text(object, page_id);
    made.crc32c = crc32c(std::as_bytes(std::span(text)));
    made.source = std::move(source);
    return made;
  }
  std::vector<PageTicket> start(const std::string& object, std::initializer_list<std::uint32_t> ids,
                                Purpose purpose = Purpose::demand) {
    std::vector<PageFetcher::Wanted> wanted;
    for (const std::uint32_t id : ids) {
      wanted.push_back(
          {.request = request(object, id), .buffer = MutablePage::allocate(page_size, nullptr), .purpose = purpose});
    }
    return fetcher.start(std::move(wanted), background.executor());
  }
  static bool arrived(PageTicket& ticket) { return ticket.ready() && ticket.take(); }
  /// The pages 1 to 3 of object "a" as hints, and a reader who waits for page 0: one GET, number 0, which has brought
  /// page 0. Page 0 of object "b", for which another reader waits: GET number 1, of which half the page is there.
  void start_two() {
    std::optional<OriginGate::Permit> held[2];
    for (auto& each : held) {
      gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit> permit) { each = std::move(*permit); });
    }
    hints = start("a", {1, 2, 3}, Purpose::prefetch);
    reader_of_a = start("a", {0});
    held[0].reset();
    EXPECT_EQ(store.at(0).range.len, 4U * page_size);
    reader_of_b = start("b", {0});
    held[1].reset();
    EXPECT_EQ(store.at(1).range.len, 1U * page_size);
    EXPECT_EQ(store.feed(0, page_size), State::fed);
    EXPECT_TRUE(arrived(reader_of_a[0]));
    EXPECT_EQ(store.feed(1, page_size / 2), State::fed);
  }
  void wait_until_idle() {
    while (gate.in_flight() > 0) std::this_thread::yield();
  }

  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
  async::Reactor background{"background"};
  HandMovedStore store;
  OriginGate gate{{.requests_per_second = 0, .max_in_flight = 2}, timers, metrics};
  cache::MemoryBudget memory{4U << 20U, timers};
  cache::PageCache l1{1U << 20U, memory};
  std::unique_ptr<l2::L2> l2 = l2::make_none();
  PageFetcher fetcher{{store, gate, l1, memory, *l2, timers, background, metrics, null_logger()}, {}};
  std::vector<PageTicket> hints;
  std::vector<PageTicket> reader_of_a;
  std::vector<PageTicket> reader_of_b;
};

TEST_F(TailYieldTest, TheTailOfAGetWaitsUntilAReadersPageIsThere) {
  start_two();
  EXPECT_EQ(store.feed(0, 1000), State::paused);
  EXPECT_EQ(metrics.gauge("seekfs_origin_paused_transfers", "").value(), 1);
  EXPECT_EQ(store.at(0).body->resumed, 0);
  EXPECT_EQ(store.feed(1, page_size / 2), State::ended);
  EXPECT_TRUE(arrived(reader_of_b[0]));
  EXPECT_EQ(store.at(0).body->resumed, 1);
  EXPECT_EQ(store.feed(0, 1000), State::ended);
  for (PageTicket& hint : hints) EXPECT_TRUE(arrived(hint));
}

TEST_F(TailYieldTest, ThePageThatIsComingIsFinishedFirst) {
  start_two();
  EXPECT_EQ(store.feed(1, page_size / 2), State::ended);
  EXPECT_EQ(store.feed(0, page_size / 2), State::fed);
  while (gate.in_flight() > 1) std::this_thread::yield();
  auto another = start("c", {0});
  EXPECT_EQ(store.feed(2, page_size / 2), State::fed);
  EXPECT_EQ(store.feed(0, 1000), State::paused);
  EXPECT_TRUE(arrived(hints[0]));
  EXPECT_FALSE(hints[1].ready());
  EXPECT_EQ(store.feed(2, page_size / 2), State::ended);
  EXPECT_EQ(store.feed(0, 1000), State::ended);
}

TEST_F(TailYieldTest, AReaderWhoJoinsRaisesThePausedGet) {
  start_two();
  EXPECT_EQ(store.feed(0, 1000), State::paused);
  auto joined = start("a", {2});
  EXPECT_EQ(store.at(0).body->resumed, 1);
  EXPECT_EQ(store.feed(0, 1000), State::paused) << "after the page that is waited for";
  EXPECT_TRUE(arrived(joined[0]));
  EXPECT_TRUE(arrived(hints[0]));
  EXPECT_FALSE(hints[2].ready());
  EXPECT_EQ(metrics.counter("seekfs_origin_raises_total", "").value(), 1U);
  EXPECT_EQ(store.feed(1, page_size / 2), State::ended);
  EXPECT_EQ(store.feed(0, 1000), State::ended);
}

TEST_F(TailYieldTest, WhenPermitsAreShortATailEndsAndWhatIsWantedOfItIsAskedForLater) {
  start_two();
  EXPECT_EQ(store.feed(0, 1000), State::paused);
  hints.erase(hints.begin() + 1);  // nobody wants page 2 any more
  auto waiting = start("c", {0});
  EXPECT_EQ(store.at(0).body->resumed, 1);
  EXPECT_EQ(store.feed(0, 1000), State::ended);
  EXPECT_EQ(store.at(2).range.len, page_size) << "the reader's";
  EXPECT_EQ(store.at(2).purpose, Purpose::demand);
  EXPECT_EQ(store.feed(2, 1000), State::ended);
  EXPECT_TRUE(arrived(waiting[0]));
  for (const std::size_t later : {3U, 4U}) {
    EXPECT_EQ(store.at(later).range.len, page_size);
    EXPECT_EQ(store.at(later).purpose, Purpose::prefetch);
    EXPECT_EQ(store.feed(1, page_size / 2), State::ended);
    EXPECT_EQ(store.feed(later, 1000), State::ended);
  }
  for (PageTicket& hint : hints) EXPECT_TRUE(arrived(hint));
  EXPECT_EQ(metrics.counter("seekfs_origin_tails_ended_total", "").value(), 1U);
  wait_until_idle();
  EXPECT_EQ(fetcher.in_flight(), 0U);
}

TEST_F(TailYieldTest, AShutdownEndsWhatIsPaused) {
  start_two();
  EXPECT_EQ(store.feed(0, 1000), State::paused);
  std::jthread stopping([this] { fetcher.shutdown(); });
  while (store.at(0).body->resumed == 0) std::this_thread::yield();
  EXPECT_EQ(store.feed(0, 1000), State::ended);
  EXPECT_EQ(store.feed(1, 1000), State::ended);
  EXPECT_EQ(async::sync_wait(hints[2].wait()).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(arrived(reader_of_b[0]));
}

}  // namespace
}  // namespace seekfs::fetch
