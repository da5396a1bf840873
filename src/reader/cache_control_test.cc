// What the tiers hold of a file, taking it out of them, and directories that are off.
#include "reader/cache_control.h"

#include <gtest/gtest.h>

#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

constexpr std::uint32_t page_size = 64U << 10U;

/// An L2Admin that only tells how its directories are.
class TwoDisks final : public l2::L2Admin {
 public:
  std::vector<l2::DiskStatus> disks() const override {
    return {{.path = "/good", .up = true, .detail = {}},
            {.path = "/bad", .up = false, .detail = "read: Input/output error"}};
  }
  async::Task<l2::CheckReport> check() override { co_return fail(ErrorCode::transient, "read: Input/output error"); }
  async::Task<void> compact() override { co_return Status{}; }
  async::Task<void> drop_all() override { co_return fail(ErrorCode::exhausted, "no memory"); }
};

TestNodeOptions with_l2() {
  TestNodeOptions options;
  options.l2_bytes = 32U << 20U;
  return options;
}

TEST(CacheControl, TellsHowMuchOfAFileEachTierHolds) {
  TestNode node(with_l2());
  node.publish("demo", 1, {{"f", 3ULL * page_size + 7, page_size}, {"g", 5, page_size}});
  const CacheControl caches({node.l1, *node.l2});
  ASSERT_TRUE(node.read("demo", "f", page_size, page_size + 1));
  const FileRef f = node.open("demo", "f").value();
  auto held = node.run(caches.held(f)).value();
  EXPECT_EQ(held.l1, 2U * page_size);
  EXPECT_EQ(held.l2, 2U * page_size);
  node.l1.shrink(1U << 30U);
  ASSERT_TRUE(node.read("demo", "f", 3ULL * page_size, 7));
  held = node.run(caches.held(f)).value();
  EXPECT_EQ(held.l1, 7U);
  EXPECT_EQ(held.l2, 2U * page_size + 7);
  EXPECT_EQ(node.run(caches.held(node.open("demo", "g").value()))->l2, 0U);
}

TEST(CacheControl, WhatWasDroppedIsReadFromTheStoreAgain) {
  TestNode node(with_l2());
  node.publish("demo", 1, {{"f", 2ULL * page_size, page_size}, {"g", 5, page_size}});
  CacheControl caches({node.l1, *node.l2});
  const auto read_both = [&node] {
    ASSERT_TRUE(node.read("demo", "f", 0, 2ULL * page_size));
    ASSERT_TRUE(node.read("demo", "g", 0, 5));
  };
  read_both();
  const std::size_t gets = node.gets("objects/");
  EXPECT_EQ(node.run(caches.drop(node.open("demo", "f").value())), 2U);
  read_both();
  EXPECT_EQ(node.gets("objects/"), gets + 1);
  EXPECT_EQ(node.run(caches.drop(node.run(node.service->open_version("demo", {}, env::TimePoint::max())).value())), 3U);
  read_both();
  EXPECT_EQ(node.gets("objects/"), gets + 3);
}

TEST(CacheControl, AFileOfManyPagesIsSeenInSteps) {
  TestNode node(with_l2());
  node.publish("demo", 1, {{"f", 10'000, 1}});
  CacheControl caches({node.l1, *node.l2});
  EXPECT_EQ(node.run(caches.drop(node.open("demo", "f").value())), 10'000U);
}

TEST(CacheControl, TellsWhichDirectoryIsOffAndWhy) {
  TestNode node;
  TwoDisks disks;
  CacheControl caches({node.l1, *node.l2, &disks});
  EXPECT_EQ(caches.degraded(),
            std::vector<std::string>{"cache directory /bad is switched off: read: Input/output error"});
  const auto service = make_cached_read_service(
      {node.manifests, node.l1, node.memory, node.fetcher, node.timers, node.background, node.metrics, &caches}, {},
      {});
  EXPECT_EQ(service->degraded(), caches.degraded());
}

TEST(CacheControl, ErrorsOfTheTierAreNotTakenForTheObjectStores) {
  TestNode node(with_l2());
  TwoDisks disks;
  CacheControl caches({node.l1, *node.l2, &disks});
  const auto checked = node.run(caches.check());
  EXPECT_EQ(checked.error().code, ErrorCode::internal);
  EXPECT_EQ(checked.error().message, "the cache on disk: read: Input/output error");
  EXPECT_EQ(node.run(caches.drop_all()).error().code, ErrorCode::exhausted);
  EXPECT_TRUE(node.run(caches.compact()));
}

TEST(CacheControl, WithoutACacheOnDiskThereIsNothingToCheck) {
  TestNode without;
  CacheControl none({without.l1, *without.l2});
  EXPECT_EQ(without.run(none.check()).error().code, ErrorCode::bad_request);
  EXPECT_EQ(without.run(none.compact()).error().code, ErrorCode::bad_request);
  EXPECT_TRUE(none.disks().empty());
  EXPECT_TRUE(without.run(none.drop_all())) << "L1 is emptied all the same";
  TestNode node(with_l2());
  CacheControl in_memory({node.l1, *node.l2});
  EXPECT_EQ(node.run(in_memory.drop_all()).error().code, ErrorCode::bad_request);
}

}  // namespace
}  // namespace seekfs::reader
