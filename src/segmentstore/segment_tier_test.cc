// The tier over fake disks: the way of a page through the queue, batches, checkpoints, upkeep, admin calls, shutdown.
#include "segmentstore/segment_tier.h"

#include <atomic>
#include <string>
#include <tuple>

#include "segmentstore/tier_fixture_testing.h"

namespace seekfs::segmentstore {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SegmentTierTest : public FakeTierTest {};

TEST_F(SegmentTierTest, GivesWhatWasPutFromTheQueueAndFromTheStore) {
  const auto tier = open();
  disk.hold(FakeOp::append);
  put_to(*tier, tier_key(1));
  disk.wait_until_begun(FakeOp::append, 1);
  EXPECT_TRUE(tier->may_contain(tier_key(1), tier_facts(tier_key(1))));
  EXPECT_TRUE(is_hit(*tier, tier_key(1))) << "it is being written";
  EXPECT_FALSE(is_hit(*tier, tier_key(2)));
  disk.release(FakeOp::append);
  tier->flush();
  EXPECT_TRUE(is_hit(*tier, tier_key(1)));
  disk.set_cached(false);
  EXPECT_TRUE(is_hit(*tier, tier_key(1))) << "from the pool";
  EXPECT_GE(disk.begun(FakeOp::read), 1U);
}

TEST_F(SegmentTierTest, TellsHowMuchEachNamespaceHolds) {
  const auto tier = open();
  EXPECT_EQ(to_prometheus_text(metrics).find("seekfs_l2_namespace_bytes{"), std::string::npos);
  put_to(*tier, tier_key(1));
  put_to(*tier, tier_key(2));
  tier->flush();
  EXPECT_EQ(metric("seekfs_l2_namespace_bytes", "ns=\"data\""), 2.0 * tier_page_size);
}

TEST_F(SegmentTierTest, TellsItOfABoundedNumberOfNamespaces) {
  const auto tier = open();
  for (std::size_t i = 0; i < most_tenants + 10; ++i) {
    const std::string ns = "ns-" + std::to_string(i);
    l2::PageFacts facts = tier_facts(tier_key(1));
    facts.ns = ns;
    tier->put(tier_key(static_cast<std::uint32_t>(i)), facts, tier_page(tier_key(static_cast<std::uint32_t>(i))));
  }
  const std::string text = to_prometheus_text(metrics);
  std::size_t gauges = 0;
  for (auto at = text.find("seekfs_l2_namespace_bytes{"); at != std::string::npos;
       at = text.find("seekfs_l2_namespace_bytes{", at + 1)) {
    ++gauges;
  }
  EXPECT_EQ(gauges, most_tenants);
}

TEST_F(SegmentTierTest, WritesInOneAppendWhatCameMeanwhile) {
  const auto tier = open();
  disk.hold(FakeOp::append);
  put_to(*tier, tier_key(0));
  disk.wait_until_begun(FakeOp::append, 1);
  for (std::uint32_t i = 1; i <= 20; ++i) put_to(*tier, tier_key(i));
  put_to(*tier, tier_key(7));
  disk.release(FakeOp::append);
  tier->flush();
  EXPECT_EQ(disk.batches(), (std::vector<std::size_t>{1, 20}));
}

TEST_F(SegmentTierTest, DropsWhatTheQueueHasNoRoomFor) {
  options.queue_bytes = 3 * tier_page_size;
  const auto tier = open();
  disk.hold(FakeOp::append);
  put_to(*tier, tier_key(0));
  disk.wait_until_begun(FakeOp::append, 1);
  for (std::uint32_t i = 1; i <= 5; ++i) put_to(*tier, tier_key(i));
  EXPECT_EQ(tier->disks().front().dropped_pages, 3U);
  EXPECT_EQ(metric("seekfs_l2_dropped_pages_total", disk_label() + ",reason=\"busy\""), 3);
  EXPECT_FALSE(is_hit(*tier, tier_key(4)));
  disk.release(FakeOp::append);
  tier->flush();
  EXPECT_EQ(disk.size(), 3U);
}

TEST_F(SegmentTierTest, RemovesAPageThatWaitsToBeWritten) {
  const auto tier = open();
  disk.hold(FakeOp::append);
  put_to(*tier, tier_key(0));
  disk.wait_until_begun(FakeOp::append, 1);
  put_to(*tier, tier_key(1));
  put_to(*tier, tier_key(2));
  tier->remove(tier_key(1));
  EXPECT_FALSE(tier->may_contain(tier_key(1), tier_facts(tier_key(1))));
  EXPECT_FALSE(is_hit(*tier, tier_key(1)));
  disk.release(FakeOp::append);
  tier->flush();
  EXPECT_FALSE(disk.holds(tier_key(1)));
  EXPECT_TRUE(disk.holds(tier_key(2)));
}

TEST_F(SegmentTierTest, RemovesAPageThatIsBeingWritten) {
  const auto tier = open();
  disk.hold(FakeOp::append);
  put_to(*tier, tier_key(0));
  disk.wait_until_begun(FakeOp::append, 1);
  tier->remove(tier_key(0));
  EXPECT_FALSE(tier->may_contain(tier_key(0), tier_facts(tier_key(0))));
  EXPECT_FALSE(is_hit(*tier, tier_key(0)));
  disk.release(FakeOp::append);
  tier->flush();
  EXPECT_FALSE(disk.holds(tier_key(0)));
  put_to(*tier, tier_key(0));
  tier->flush();
  EXPECT_TRUE(is_hit(*tier, tier_key(0)));
}

TEST_F(SegmentTierTest, ChecksPointsAfterTheIntervalAndOnlyWhatChanged) {
  const auto tier = open();
  clock.advance(seconds(10));
  put_to(*tier, tier_key(0));
  tier->flush();
  clock.advance(milliseconds(999));
  put_to(*tier, tier_key(1));
  tier->flush();
  clock.advance(milliseconds(1));
  disk.wait_for_history(3);
  put_to(*tier, tier_key(2));
  tier->flush();
  clock.advance(seconds(1));
  EXPECT_EQ(disk.wait_for_history(5),
            (std::vector<std::string>{"append", "append", "checkpoint", "append", "checkpoint"}));
}

TEST_F(SegmentTierTest, ChecksPointsEarlyAfterManyBytes) {
  options.checkpoint_bytes = 2 * tier_page_size;
  const auto tier = open();
  for (std::uint32_t i = 0; i < 2; ++i) {
    put_to(*tier, tier_key(i));
    tier->flush();
  }
  // No time has passed.
  EXPECT_EQ(disk.wait_for_history(3), (std::vector<std::string>{"append", "append", "checkpoint"}));
}

TEST_F(SegmentTierTest, TidiesAtItsPace) {
  constexpr std::uint64_t step = 4U << 20U;
  options.upkeep_bytes_per_second = step;
  disk.set_upkeep_left(3 * step);
  const auto tier = open();
  disk.wait_until_begun(FakeOp::upkeep, 1);
  for (std::uint64_t second = 2; second <= 3; ++second) {
    clock.advance(seconds(1));
    disk.wait_until_begun(FakeOp::upkeep, second);
    EXPECT_EQ(disk.begun(FakeOp::upkeep), second);
  }
}

TEST_F(SegmentTierTest, TidiesAlsoWhilePagesAlwaysWait) {
  disk.set_upkeep_left(1U << 30U);
  options.upkeep_bytes_per_second = 1ULL << 40U;
  const auto tier = open();
  std::atomic<bool> done{false};
  std::thread producer([&] {
    for (std::uint32_t i = 0; !done; ++i) put_to(*tier, tier_key(i % 1000));
  });
  for (std::uint64_t steps = 1; steps <= 8; ++steps) {
    disk.wait_until_begun(FakeOp::upkeep, steps);
    clock.advance(seconds(1));
  }
  done = true;
  producer.join();
}

TEST_F(SegmentTierTest, WritesWhatWasOfferedBeforeItCloses) {
  auto tier = open();
  disk.hold(FakeOp::append);
  for (std::uint32_t i = 0; i < 30; ++i) put_to(*tier, tier_key(i));
  std::thread closing([&] { tier.reset(); });
  disk.wait_until_begun(FakeOp::append, 1);
  disk.release(FakeOp::append);
  closing.join();
  EXPECT_EQ(disk.size(), 30U);
  EXPECT_EQ(disk.history().back(), "close");
  EXPECT_EQ(disk.begun(FakeOp::destroy), 1U);
}

TEST_F(SegmentTierTest, ClosesEvenWhenClosingFails) {
  auto tier = open();
  disk.fail(FakeOp::close, ErrorCode::exhausted);
  tier.reset();
  EXPECT_EQ(disk.begun(FakeOp::close), 1U);
  EXPECT_EQ(disk.begun(FakeOp::destroy), 1U);
}

TEST_F(SegmentTierTest, AnswersAdminCallsBesideTraffic) {
  const auto tier = open();
  std::atomic<bool> done{false};
  std::thread traffic([&] {
    for (std::uint32_t i = 0; !done; ++i) {
      put_to(*tier, tier_key(i % 50));
      std::ignore = get_from(*tier, tier_key(i * 7 % 50));
    }
  });
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(async::sync_wait(tier->check()));
    EXPECT_TRUE(async::sync_wait(tier->compact()));
    EXPECT_TRUE(async::sync_wait(tier->drop_all()));
  }
  done = true;
  traffic.join();
  tier->flush();
  EXPECT_TRUE(async::sync_wait(tier->drop_all()));
  EXPECT_EQ(disk.size(), 0U);
  put_to(*tier, tier_key(0));
  tier->flush();
  EXPECT_EQ(async::sync_wait(tier->check())->pages, 1U);
}

TEST_F(SegmentTierTest, DropsAllThatWaitsToo) {
  const auto tier = open();
  disk.hold(FakeOp::append);
  for (std::uint32_t i = 0; i < 3; ++i) put_to(*tier, tier_key(i));
  disk.wait_until_begun(FakeOp::append, 1);
  std::thread dropping([&] { EXPECT_TRUE(async::sync_wait(tier->drop_all())); });
  disk.release(FakeOp::append);
  dropping.join();
  tier->flush();
  EXPECT_EQ(disk.size(), 0U);
}

TEST_F(SegmentTierTest, SumsOverItsDirectories) {
  FakeDisk other;
  options.disks = {store_at("a"), store_at("b")};
  const std::string second = options.disks[1].path;
  const StoreOpener by_path = [&](const StoreParts& store_parts, const StoreOptions& store) {
    return (store.path == second ? other : disk).opener()(store_parts, store);
  };
  auto tier = SegmentTier::open(parts(), options, by_path);
  ASSERT_TRUE(tier);
  for (std::uint32_t i = 0; i < 64; ++i) put_to(**tier, tier_key(i));
  (*tier)->flush();
  EXPECT_GT(disk.size(), 10U);
  EXPECT_GT(other.size(), 10U);
  EXPECT_EQ((*tier)->stats().pages, 64U);
  EXPECT_EQ((*tier)->stats().bytes, 64U * tier_page_size);
  EXPECT_EQ((*tier)->stats().written_bytes, 64U * tier_page_size);
  EXPECT_EQ((*tier)->stats().capacity_bytes, 2 * capacity);
  EXPECT_EQ(async::sync_wait((*tier)->check())->pages, 64U);
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_TRUE(is_hit(**tier, tier_key(i)));
  const std::string text = to_prometheus_text(metrics);
  EXPECT_NE(text.find("\nseekfs_index_entries 64\n"), std::string::npos) << text;
  tier->reset();
  EXPECT_NE(to_prometheus_text(metrics).find("\nseekfs_index_entries 0\n"), std::string::npos)
      << "a scrape after the end finds nothing, and touches nothing that is gone";
}

TEST_F(SegmentTierTest, ReportsTheFirstDirectoryThatFailedAfterAllWereTried) {
  FakeDisk other;
  options.disks = {store_at("a"), store_at("b")};
  const std::string second = options.disks[1].path;
  const auto tier = SegmentTier::open(parts(), options, [&](const StoreParts& store_parts, const StoreOptions& store) {
    return (store.path == second ? other : disk).opener()(store_parts, store);
  });
  ASSERT_TRUE(tier);
  disk.fail(FakeOp::check, ErrorCode::transient);
  const auto report = async::sync_wait((*tier)->check());
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::transient);
  EXPECT_EQ(other.begun(FakeOp::check), 1U);
}

}  // namespace
}  // namespace seekfs::segmentstore
