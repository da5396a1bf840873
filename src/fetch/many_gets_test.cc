// Many small objects at once: as many GETs are in flight as may be.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "fetch/page_fetcher.h"
#include "objectstore/mem_store.h"

namespace seekfs::fetch {
namespace {

/// Answers GETs only once it is told to.
class HeldStore final : public objectstore::ObjectStore {
 public:
  explicit HeldStore(objectstore::ObjectStore& inner) : inner_(inner) {}

  async::Task<objectstore::ObjectInfo> get(objectstore::ObjectRef object, std::optional<objectstore::ByteRange> range,
                                           objectstore::BodySink& sink, objectstore::RequestOptions options) override {
    most = std::max(most.load(), ++in_flight);
    const async::Promise<void> answer;
    if (!hold(answer)) answer.set({});
    SEEKFS_CO_TRY(co_await answer.wait());
    auto reply = co_await inner_.get(std::move(object), range, sink, options);
    --in_flight;
    co_return reply;
  }
  async::Task<objectstore::ObjectInfo> head(objectstore::ObjectRef object,
                                            objectstore::RequestOptions options) override {
    return inner_.head(std::move(object), options);
  }
  async::Task<objectstore::PutReply> put(std::string key, objectstore::BodySource& body,
                                         objectstore::PutOptions conditions,
                                         objectstore::RequestOptions options) override {
    return inner_.put(std::move(key), body, std::move(conditions), options);
  }
  async::Task<objectstore::ListReply> list(objectstore::ListRequest request,
                                           objectstore::RequestOptions options) override {
    return inner_.list(std::move(request), options);
  }
  async::Task<void> remove(objectstore::ObjectRef object, objectstore::RequestOptions options) override {
    return inner_.remove(std::move(object), options);
  }
  Status check_key(std::string_view key) const override { return inner_.check_key(key); }
  async::Task<void> flush(objectstore::RequestOptions options) override { return inner_.flush(options); }
  std::string description() const override { return inner_.description(); }

  /// Answers those that are held, and from here on all at once.
  void open() {
    std::vector<async::Promise<void>> held;
    {
      MutexLock lock(mutex_);
      open_ = true;
      held.swap(held_);
    }
    for (const auto& answer : held) answer.set({});
  }

  std::atomic<int> in_flight{0};
  std::atomic<int> most{0};  ///< in flight at once

 private:
  bool hold(const async::Promise<void>& answer) {
    MutexLock lock(mutex_);
    if (!open_) held_.push_back(answer);
    return !open_;
  }

  objectstore::ObjectStore& inner_;
  Mutex mutex_;
  bool open_ SEEKFS_GUARDED_BY(mutex_) = false;
  std::vector<async::Promise<void>> held_ SEEKFS_GUARDED_BY(mutex_);
};

class ManyGetsTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ManyGetsTest, AThousandSmallFilesKeepAllPermitsBusy) {
  constexpr std::uint32_t files = 1000;
  env::ManualClock clock;
  async::Timers timers(clock);
  MetricsRegistry metrics;
  async::Reactor background("background");
  const auto inner = objectstore::make_mem_store(clock);
  HeldStore store(*inner);
  objectstore::OriginGate gate({.requests_per_second = 0, .max_in_flight = GetParam(), .breaker = false}, timers,
                               metrics);
  cache::MemoryBudget memory(16U << 20U, timers);
  cache::PageCache l1(8U << 20U, memory);
  const auto l2 = l2::make_none();
  PageFetcher fetcher({store, gate, l1, memory, *l2, timers, background, metrics, null_logger()}, {});

  std::vector<PageFetcher::Wanted> wanted;
  for (std::uint32_t file = 0; file < files; ++file) {
    const std::string content = "content of " + std::to_string(file);
    auto source = std::make_shared<PageSource>();
    source->object.key = "object-" + std::to_string(file);
    ASSERT_TRUE(async::sync_wait(objectstore::put_small(*inner, source->object.key, content, {}, {})));
    PageRequest request;
    request.key = {.file = {}, .page_id = file, .off = 0, .len = static_cast<std::uint32_t>(content.size())};
    request.crc32c = crc32c(std::as_bytes(std::span(content)));
    request.source = std::move(source);
    const std::uint32_t length = request.key.len;
    wanted.push_back({.request = std::move(request), .buffer = MutablePage::allocate(length, nullptr)});
  }
  auto tickets = fetcher.start(std::move(wanted), background.executor());
  const int limit = static_cast<int>(std::min<std::uint64_t>(files, GetParam()));
  while (store.in_flight < limit) std::this_thread::yield();
  store.open();
  for (auto& ticket : tickets) ASSERT_TRUE(async::sync_wait(ticket.wait()));
  EXPECT_EQ(store.most, limit);
  fetcher.shutdown();
  background.stop();
}

INSTANTIATE_TEST_SUITE_P(Limits, ManyGetsTest, ::testing::Values(1, 128, 65'536));

}  // namespace
}  // namespace seekfs::fetch
