// A fetcher over a store, a gate and caches whose every answer a test decides.
#pragma once

// file that was asked for.
#include <gtest/gtest.h>
#include "fetch/page_fetcher.h"

#include <atomic>
#include <map>
#include <thread>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "fetch/fetch_metrics.h"
#include "fetch/page_fetcher.h"
#include "objectstore/mem_store.h"
#include "objectstore/wrappers.h"

namespace seekfs::fetch {

using objectstore::OriginGate;
using objectstore::StoreFault;
using objectstore::StoreOp;

inline constexpr std::uint32_t page_size = 100;

inline std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }
inline std::string text_of(const PageRef& page) {
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

}  // namespace seekfs::fetch
