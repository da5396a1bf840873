// Hints on a whole node in memory: order, demand first, what is told, limits, and every way in which a prefetch ends.
#include "reader/hints.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "reader/hint_cursor.h"
#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t page_size = 64U << 10U;
/// For tests that move the clock on until something has happened.
constexpr milliseconds for_ever = std::chrono::hours(1'000'000);

HintWindow file(std::string path, std::vector<HintRange> ranges = {}) {
  return {.name = std::move(path), .is_prefix = false, .ranges = std::move(ranges)};
}
HintWindow below(std::string prefix) { return {.name = std::move(prefix), .is_prefix = true, .ranges = {}}; }

/// An L2 that has no time for some of the pages that it is offered.
class BusyL2 final : public l2::L2 {
 public:
  /// Whether the page is dropped, by how often it was offered before.
  using Drops = std::function<bool(std::uint32_t page_id, int offered)>;
  explicit BusyL2(Drops drops) : drops_(std::move(drops)) {}

  bool may_contain(const manifest::PageKey& key, const l2::PageFacts& facts) const override {
    return pages_->may_contain(key, facts);
  }
  async::Task<bool> get(manifest::PageKey key, l2::PageFacts facts, std::span<std::byte> out) override {
    return pages_->get(key, facts, out);
  }
  void put(const manifest::PageKey& key, const l2::PageFacts& facts, PageRef page) override {
    MutexLock lock(mutex_);
    if (!drops_(key.page_id, offered_[key.page_id]++)) pages_->put(key, facts, std::move(page));
  }
  void remove(const manifest::PageKey& key) override { pages_->remove(key); }
  bool enabled() const override { return true; }
  l2::L2Stats stats() const override { return pages_->stats(); }

 private:
  const std::unique_ptr<l2::L2> pages_ = l2::make_mem(1U << 30U);
  const Drops drops_;
  Mutex mutex_;
  std::map<std::uint32_t, int> offered_ SEEKFS_GUARDED_BY(mutex_);
};

class HintsTest : public ::testing::Test {
 protected:
  /// One GET at a time, so that their order can be seen.
  static TestNodeOptions one_by_one() {
    TestNodeOptions options;
    options.gate.max_in_flight = 1;
    return options;
  }

  void begin(TestNodeOptions options = one_by_one(), HintsOptions hint_options = {}) {
    node.emplace(std::move(options));
    hints.emplace(HintsParts{node->l1, *node->l2, node->memory, node->fetcher, node->timers, node->background,
                             *node->random, node->metrics},
                  hint_options);
  }
  void publish(const std::vector<manifest::OracleFile>& files) {
    for (const auto& entry : node->publish("demo", 1, files).files) keys[entry.storage.key] = entry.path;
    node->set_faults([this](objectstore::StoreOp op, const std::string& key) {
      if (op != objectstore::StoreOp::get || !keys.contains(key)) return objectstore::StoreFault{};
      MutexLock lock(mutex);
      asked += keys.at(key) + " ";
      return objectstore::StoreFault{.fail_before = away ? std::optional(Error(ErrorCode::transient, "it is away"))
                                                         : std::nullopt};
    });
  }
  VersionRef version() {
    return node->run(node->service->open_version("demo", {}, node->clock.now() + seconds(60))).value();
  }
  Result<HintStatus> add(std::vector<HintWindow> windows, std::uint64_t priority = 0,
                         std::optional<env::Duration> ttl = {}) {
    return hints->add({.epoch = 7, .priority = priority, .windows = std::move(windows), .ttl = ttl}, version());
  }
  HintStatus wait_for_end(const std::string& id) {
    HintStatus status = hints->find(id).value();
    for (; !is_final(status.state); status = hints->find(id).value()) std::this_thread::yield();
    return status;
  }
  HintStatus prefetch(std::vector<HintWindow> windows) { return wait_for_end(add(std::move(windows)).value().id); }
  void wait_for_state(const std::string& id, HintState state) {
    while (hints->find(id).value().state != state) std::this_thread::yield();
  }
  /// Takes the gate's only permit: what is started waits behind it.
  void shut_gate() {
    node->gate.acquire(objectstore::Purpose::demand,
                       [this](Result<objectstore::OriginGate::Permit> permit) { held = std::move(*permit); });
  }
  void wait_for_flights(std::size_t pages) {
    while (node->fetcher.in_flight() < pages) std::this_thread::yield();
  }
  std::string asked_files() {
    MutexLock lock(mutex);
    return asked;
  }
  std::size_t asked_count() { return static_cast<std::size_t>(std::ranges::count(asked_files(), ' ')); }

  std::map<std::string, std::string> keys;  ///< of objects, to paths
  Mutex mutex;
  std::string asked SEEKFS_GUARDED_BY(mutex);
  std::atomic<bool> away = false;
  std::optional<TestNode> node;
  std::optional<objectstore::OriginGate::Permit> held;
  std::optional<Hints> hints;  // goes before the node
};

TEST_F(HintsTest, PagesAreFetchedInTheOrderOfTheHintAndReadsAreHitsThereafter) {
  begin();
  publish({{"a", 3 * page_size, page_size},
           {"b", 4 * page_size + 5, page_size},
           {"dir/c", page_size, page_size},
           {"dir/d", 10, page_size},
           {"empty", 0, page_size}});
  const HintStatus status =
      prefetch({file("b", {{2 * page_size + 1, 2 * page_size}, {0, 1}}), file("empty"), below("dir/"), file("a")});
  EXPECT_EQ(status.state, HintState::done) << status.detail;
  EXPECT_EQ(status.ns, "demo");
  EXPECT_EQ(status.version, 1U);
  EXPECT_EQ(status.epoch, 7U);
  EXPECT_EQ(status.items, 4U);
  EXPECT_TRUE(status.counted);
  EXPECT_EQ(status.wanted.pages, 3U + 1U + 2U + 3U);
  EXPECT_EQ(status.wanted.bytes, 2 * page_size + 5 + page_size + page_size + 10 + 3 * page_size);
  EXPECT_EQ(status.resident.pages, status.wanted.pages);
  EXPECT_EQ(status.resident.bytes, status.wanted.bytes);
  EXPECT_EQ(status.fetched.bytes, status.wanted.bytes);
  EXPECT_EQ(status.failed.pages, 0U);
  EXPECT_EQ(asked_files(), "b b dir/c dir/d a ");
  EXPECT_EQ(node->read("demo", "a", 0, 3 * page_size), oracle("a", 1, 0, 3 * page_size));
  EXPECT_EQ(node->read("demo", "b", 2 * page_size, page_size), oracle("b", 1, 2 * page_size, page_size));
  EXPECT_EQ(asked_count(), 5U) << "the reads were hits";
  const HintStatus again = prefetch({file("a")});
  EXPECT_EQ(again.fetched.pages, 0U);
  EXPECT_EQ(again.resident.pages, 3U);
  expect_idle(*node);
}

TEST_F(HintsTest, DemandGoesFirst) {
  begin();
  publish({{"a", page_size, page_size}, {"b", page_size, page_size}, {"c", page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string id = hints->add({.windows = {file("a"), file("b")}, .ttl = {}}, opened).value().id;
  wait_for_flights(2);
  std::thread reader([&] { EXPECT_EQ(node->read("demo", "c", 0, 3), oracle("c", 1, 0, 3)); });
  wait_for_flights(3);
  held.reset();
  reader.join();
  EXPECT_EQ(wait_for_end(id).state, HintState::done);
  EXPECT_EQ(asked_files(), "c a b ");
}

TEST_F(HintsTest, AHintOfHigherPriorityGoesBeforeTheOthers) {
  TestNodeOptions options = one_by_one();
  begin(options, {.window_pages = 1});
  publish({{"a", page_size, page_size}, {"b", page_size, page_size}, {"c", page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string low = hints->add({.windows = {file("a"), file("b")}, .ttl = {}}, opened).value().id;
  wait_for_flights(1);
  const std::string high = hints->add({.priority = 1, .windows = {file("c")}, .ttl = {}}, opened).value().id;
  EXPECT_EQ(hints->find(high)->state, HintState::waiting);
  held.reset();
  EXPECT_EQ(wait_for_end(low).state, HintState::done);
  EXPECT_EQ(wait_for_end(high).state, HintState::done);
  EXPECT_EQ(asked_files(), "a c b ");
}

TEST_F(HintsTest, WhatCannotBeReadIsToldByItemAndTheRestIsRead) {
  begin();
  publish({{"a", page_size, page_size}, {"b", 2 * page_size, page_size}, {"c", page_size, page_size}});
  for (const auto& [key, path] : keys) {
    if (path == "b") node->remove(key);
  }
  const HintStatus status =
      prefetch({file("gone"), file("a", {{page_size + 1, 1}, {0, 5}}), file("b"), below("c"), below("none/")});
  EXPECT_EQ(status.state, HintState::done);
  EXPECT_EQ(status.wanted.pages, 4U);
  EXPECT_EQ(status.resident.pages, 2U);
  EXPECT_EQ(status.failed.pages, 2U);
  EXPECT_EQ(status.failed.bytes, 2 * page_size);
  ASSERT_EQ(status.errors.size(), 3U);
  EXPECT_EQ(status.error_count, 3U);
  EXPECT_EQ(status.errors[0].index, 0U);
  EXPECT_EQ(status.errors[0].path, "gone");
  EXPECT_EQ(status.errors[0].code, ErrorCode::not_found);
  EXPECT_EQ(status.errors[1].index, 1U);
  EXPECT_EQ(status.errors[1].code, ErrorCode::range_not_satisfiable);
  EXPECT_EQ(status.errors[2].index, 2U);
  EXPECT_EQ(status.errors[2].path, "b");
  EXPECT_EQ(status.errors[2].code, ErrorCode::source_changed);
  expect_idle(*node);
}

TEST_F(HintsTest, ACancelledHintIsForgottenAndWhatWasNotSentIsGivenUp) {
  begin();
  publish({{"a", 3 * page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string id = hints->add({.windows = {file("a")}, .ttl = {}}, opened).value().id;
  wait_for_flights(3);
  EXPECT_EQ(hints->cancel(id)->state, HintState::cancelled);
  EXPECT_EQ(hints->find(id).error().code, ErrorCode::not_found);
  EXPECT_EQ(hints->cancel(id).error().code, ErrorCode::not_found);
  while (node->metrics.gauge("seekfs_hints_active", "").value() > 0) std::this_thread::yield();
  held.reset();
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(asked_count(), 0U);
  EXPECT_EQ(node->memory.used(cache::MemoryUse::replies), 0U);
  expect_idle(*node);
}

TEST_F(HintsTest, AHintIsForgottenWhenItsTimeIsOver) {
  begin();
  publish({{"a", page_size, page_size}});
  const std::string ended = add({file("a")}, 0, seconds(30)).value().id;
  EXPECT_EQ(wait_for_end(ended).state, HintState::done);
  const VersionRef opened = version();
  node->l1.shrink(1U << 30U);
  shut_gate();
  const std::string waiting = hints->add({.windows = {file("a")}, .ttl = seconds(20)}, opened).value().id;
  wait_for_flights(1);
  node->clock.advance(seconds(5));
  EXPECT_EQ(hints->find(waiting)->expires_in, seconds(15));
  node->clock.advance(seconds(16));
  while (hints->find(waiting)) std::this_thread::yield();
  EXPECT_TRUE(hints->find(ended));
  node->clock.advance(seconds(10));
  while (hints->find(ended)) std::this_thread::yield();
  held.reset();
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(asked_count(), 1U) << "the second one was not sent";
}

TEST_F(HintsTest, LimitsAreRefusalsThatNameThem) {
  begin(one_by_one(),
        {.max_ttl = milliseconds(1000), .max_active = 1, .max_records = 2, .max_items = 3, .max_list_bytes = 4096});
  publish({{"a", page_size, page_size}});
  EXPECT_EQ(add({}).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a")}, 101).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a")}, 0, milliseconds(0)).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a")}, 0, milliseconds(1001)).error().code, ErrorCode::bad_request);
  EXPECT_EQ(add({file("a", {{0, 1}, {1, 1}, {2, 1}})}).error().code, ErrorCode::too_large);
  const auto too_long = add({below(std::string(5000, 'x'))}, 0, milliseconds(1000));
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::throttled);

  const std::string first = add({file("a")}, 0, milliseconds(900)).value().id;
  EXPECT_EQ(wait_for_end(first).state, HintState::done);
  const std::string second = add({file("a")}, 0, milliseconds(900)).value().id;
  EXPECT_EQ(wait_for_end(second).state, HintState::done);
  node->l1.shrink(1U << 30U);
  const VersionRef opened = version();
  shut_gate();
  const std::string third = hints->add({.windows = {file("a")}, .ttl = milliseconds(900)}, opened).value().id;
  EXPECT_FALSE(hints->find(first)) << "the oldest that had ended gave way";
  EXPECT_TRUE(hints->find(second));
  const auto refused = hints->add({.windows = {file("a")}, .ttl = milliseconds(900)}, opened);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::throttled);
  EXPECT_TRUE(refused.error().retry_after);
  held.reset();
  EXPECT_EQ(wait_for_end(third).state, HintState::done);
}

TEST_F(HintsTest, AnOriginThatIsAwayPausesAllAndIsProbedNotStormed) {
  begin(one_by_one(), {.max_ttl = for_ever});
  publish({{"a", 40 * page_size, page_size}, {"b", page_size, page_size}});
  const VersionRef opened = version();
  away = true;
  const std::string id = hints->add({.windows = {file("a"), file("b")}, .ttl = for_ever}, opened).value().id;
  wait_for_state(id, HintState::paused);
  EXPECT_NE(hints->find(id)->detail.find("it is away"), std::string::npos) << hints->find(id)->detail;
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  const std::size_t first_wave = asked_count();
  EXPECT_LE(first_wave, 2U);
  for (int i = 0; i < 60; ++i) {
    node->clock.advance(seconds(1));
    std::this_thread::yield();
  }
  EXPECT_LE(asked_count(), first_wave + 60U) << "at most one probe a pause";
  away = false;
  while (!is_final(hints->find(id)->state)) node->clock.advance(milliseconds(100));
  const HintStatus status = hints->find(id).value();
  EXPECT_EQ(status.state, HintState::done);
  EXPECT_EQ(status.resident.pages, 41U);
  EXPECT_EQ(status.failed.pages, 0U);
  EXPECT_EQ(status.error_count, 0U);
  expect_idle(*node);
}

TEST_F(HintsTest, AnOriginThatRefusesUsEndsTheHint) {
  begin();
  publish({{"a", page_size, page_size}, {"b", page_size, page_size}});
  const VersionRef opened = version();
  node->set_faults(on_data([] { return objectstore::StoreFault{.fail_before = Error(ErrorCode::denied, "no")}; }));
  const HintStatus status = wait_for_end(hints->add({.windows = {file("a"), file("b")}, .ttl = {}}, opened)->id);
  EXPECT_EQ(status.state, HintState::failed);
  EXPECT_FALSE(status.detail.empty());
  EXPECT_EQ(status.errors.at(0).code, ErrorCode::origin_denied);
}

TEST_F(HintsTest, WithoutL2AHintStopsAtItsShareOfL1AndSaysSo) {
  TestNodeOptions options;
  options.l1_bytes = 16U * page_size;
  begin(options);
  publish({{"a", 32 * page_size, page_size}});
  const HintStatus status = prefetch({file("a")});
  EXPECT_EQ(status.state, HintState::stopped);
  EXPECT_NE(status.detail.find("no L2"), std::string::npos) << status.detail;
  EXPECT_EQ(status.wanted.pages, 32U);
  EXPECT_EQ(status.resident.pages, 7U) << "half of 16, each a little larger than its bytes";
  EXPECT_EQ(prefetch({file("a", {{20 * page_size, 1}})}).state, HintState::stopped) << "the share is used up";
  EXPECT_TRUE(hints->cancel(status.id));
  EXPECT_EQ(prefetch({file("a", {{20 * page_size, 1}})}).state, HintState::done) << "it was given back";
}

TEST_F(HintsTest, PastItsShareOfL1AHintGoesIntoL2Only) {
  TestNodeOptions options;
  options.l1_bytes = 16U * page_size;
  options.l2_bytes = 64U * page_size;
  begin(options);
  publish({{"a", 32 * page_size, page_size}});
  const HintStatus status = prefetch({file("a")});
  EXPECT_EQ(status.state, HintState::done) << status.detail;
  EXPECT_EQ(status.resident.pages, 32U);
  EXPECT_EQ(node->l1.stats().pages, 7U);
  EXPECT_EQ(node->l2->stats().pages, 32U);
  const std::size_t gets = asked_count();
  EXPECT_EQ(node->read("demo", "a", 0, 32 * page_size), oracle("a", 1, 0, 32 * page_size));
  EXPECT_EQ(asked_count(), gets);
}

TEST_F(HintsTest, AHintLargerThanL2StopsBeforeItDrivesOutItsOwnPages) {
  TestNodeOptions options;
  options.l1_bytes = 4U * page_size;
  options.l2_bytes = 10U * page_size;
  begin(options);
  publish({{"a", 32 * page_size, page_size}});
  const HintStatus status = prefetch({file("a")});
  EXPECT_EQ(status.state, HintState::stopped);
  EXPECT_NE(status.detail.find("cache.l2.capacity"), std::string::npos) << status.detail;
  EXPECT_EQ(status.fetched.pages, 10U);
  EXPECT_GE(status.resident.pages, 9U);
}

TEST_F(HintsTest, WhatL2HadNoTimeForIsFetchedAgain) {
  TestNodeOptions options;
  options.l1_bytes = 4U * page_size;
  options.make_l2 = [] {
    return std::make_unique<BusyL2>(
        [](std::uint32_t page_id, int offered) { return offered < static_cast<int>(page_id % 3); });
  };
  begin(options);
  publish({{"a", 24 * page_size, page_size}});
  const HintStatus status = prefetch({file("a")});
  EXPECT_EQ(status.state, HintState::done) << status.detail;
  EXPECT_EQ(status.resident.pages, 24U);
  EXPECT_GT(status.fetched.pages, 24U);
  EXPECT_EQ(status.detail, "");
}

TEST_F(HintsTest, AnL2ThatKeepsNothingEndsTheHint) {
  TestNodeOptions options;
  options.l1_bytes = 4U * page_size;
  options.make_l2 = [] { return std::make_unique<BusyL2>([](std::uint32_t, int) { return true; }); };
  begin(options, {.max_ttl = for_ever, .window_pages = 16});
  publish({{"a", 1000 * std::uint64_t{4096}, 4096}});
  const std::string id = add({file("a")}, 0, for_ever).value().id;
  while (!is_final(hints->find(id)->state)) node->clock.advance(milliseconds(100));
  const HintStatus status = hints->find(id).value();
  EXPECT_EQ(status.state, HintState::stopped);
  EXPECT_NE(status.detail.find("L2 does not keep pages"), std::string::npos) << status.detail;
  EXPECT_LT(status.fetched.pages, 500U);
}

TEST_F(HintsTest, PagesOfL2AreBroughtIntoL1WithoutTheOrigin) {
  TestNodeOptions options;
  options.l2_bytes = 64U * page_size;
  begin(options);
  publish({{"a", 4 * page_size, page_size}});
  prefetch({file("a")});
  node->l1.shrink(1U << 30U);
  ASSERT_EQ(node->l1.stats().pages, 0U);
  const std::size_t gets = asked_count();
  const HintStatus status = prefetch({file("a")});
  EXPECT_EQ(status.fetched.pages, 0U);
  EXPECT_EQ(status.resident.pages, 4U);
  EXPECT_EQ(node->l1.stats().pages, 4U);
  EXPECT_EQ(asked_count(), gets);
}

TEST_F(HintsTest, MemoryThatIsInUseIsWaitedForWithoutHoldingAny) {
  begin(one_by_one(), {.max_ttl = for_ever});
  publish({{"a", 4 * page_size, page_size}});
  const VersionRef opened = version();
  const std::uint64_t rest = node->memory.total() - node->memory.used() - page_size;
  ASSERT_TRUE(node->memory.try_reserve(cache::MemoryUse::manifests, rest));
  const std::string id = hints->add({.windows = {file("a")}, .ttl = for_ever}, opened).value().id;
  wait_for_state(id, HintState::paused);
  EXPECT_EQ(node->memory.used(cache::MemoryUse::pages), 0U);
  node->memory.release(cache::MemoryUse::manifests, rest);
  while (!is_final(hints->find(id)->state)) node->clock.advance(milliseconds(50));
  EXPECT_EQ(hints->find(id)->resident.pages, 4U);
}

TEST_F(HintsTest, AShutdownEndsAllAndTakesNoMore) {
  begin();
  publish({{"a", page_size, page_size}});
  const VersionRef opened = version();
  shut_gate();
  const std::string id = hints->add({.windows = {file("a")}, .ttl = {}}, opened).value().id;
  wait_for_flights(1);
  hints->shutdown();
  EXPECT_EQ(hints->find(id)->state, HintState::cancelled);
  EXPECT_EQ(hints->add({.windows = {file("a")}, .ttl = {}}, opened).error().code, ErrorCode::cancelled);
  held.reset();
  while (node->fetcher.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(asked_count(), 0U);
  expect_idle(*node);
}

}  // namespace
}  // namespace seekfs::reader
