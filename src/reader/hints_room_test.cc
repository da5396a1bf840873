// Hints and what the caches have room for: shares of L1, L2 that is full or busy, memory that is in use.
#include <functional>
#include <map>

#include "reader/hints_testing.h"

namespace seekfs::reader {
namespace {

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

}  // namespace
}  // namespace seekfs::reader
