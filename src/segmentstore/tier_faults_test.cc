// Disks that fail, hang or are not there, on virtual time: deadlines, switching off, coming back, starting without one.
#include <atomic>

#include "segmentstore/tier_fixture_testing.h"

namespace seekfs::segmentstore {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class TierFaultsTest : public FakeTierTest {
 protected:
  /// A get on a thread of its own: it ends when the disk answers or virtual time reaches its deadline.
  struct SlowGet {
    explicit SlowGet(SegmentTier& tier, std::uint32_t number)
        : key(tier_key(number)),
          out(key.len, std::byte{0xEE}),
          thread([this, &tier] { result = async::sync_wait(tier.get(key, tier_facts(key), out)); }) {}
    Result<bool>& wait() {
      thread.join();
      return result;
    }
    const manifest::PageKey key;
    std::vector<std::byte> out;
    Result<bool> result = false;
    std::thread thread;
  };

  void fill(SegmentTier& tier, std::uint32_t pages) {
    for (std::uint32_t i = 0; i < pages; ++i) put_to(tier, tier_key(i));
    tier.flush();
  }

  /// Three writes fail, and the disk is off.
  void break_writes(SegmentTier& tier, ErrorCode code) {
    disk.fail(FakeOp::append, code);
    for (std::uint32_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(tier.disks().front().up) << i;
      put_to(tier, tier_key(1000 + i));
      tier.flush();
    }
    wait_until_up(tier, false);
  }
};

TEST_F(TierFaultsTest, AReaderWaitsNoLongerThanTheDeadline) {
  const auto tier = open();
  fill(*tier, 1);
  disk.set_cached(false);
  disk.hold(FakeOp::read);
  SlowGet get(*tier, 0);
  disk.wait_until_begun(FakeOp::read, 1);
  clock.advance(options.read_deadline);
  const Result<bool>& result = get.wait();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::timeout);
  disk.release(FakeOp::read);
  tier->flush();
  EXPECT_EQ(metric("seekfs_l2_errors_total", disk_label() + ",op=\"read\""), 1);
  EXPECT_TRUE(tier->disks().front().up) << "one late read is no broken disk";
}

TEST_F(TierFaultsTest, WhatComesAfterTheDeadlineTouchesNothing) {
  auto tier = open();
  fill(*tier, 1);
  disk.set_cached(false);
  disk.hold(FakeOp::read);
  SlowGet get(*tier, 0);
  disk.wait_until_begun(FakeOp::read, 1);
  clock.advance(options.read_deadline);
  EXPECT_FALSE(get.wait());
  disk.release(FakeOp::read);
  tier.reset();
  EXPECT_EQ(get.out, std::vector<std::byte>(tier_page_size, std::byte{0xEE}));
}

TEST_F(TierFaultsTest, LateReadsSwitchTheDiskOffAndItComesBackOnceTheyReturned) {
  options.read_threads = 3;
  const auto tier = open();
  fill(*tier, 4);
  disk.set_cached(false);
  disk.hold(FakeOp::read);
  for (std::uint32_t i = 0; i < 3; ++i) {
    SlowGet get(*tier, i);
    disk.wait_until_begun(FakeOp::read, i + 1);
    clock.advance(options.read_deadline);
    EXPECT_FALSE(get.wait());
  }
  EXPECT_FALSE(tier->disks().front().up);
  EXPECT_NE(tier->disks().front().detail, "");
  EXPECT_EQ(metric("seekfs_l2_up", disk_label()), 0);
  EXPECT_FALSE(tier->may_contain(tier_key(3), tier_facts(tier_key(3))));
  EXPECT_FALSE(is_hit(*tier, tier_key(3))) << "at once: nobody waits for a disk that is off";
  EXPECT_FALSE(async::sync_wait(tier->check()));
  // The fake fails the test when it is opened while the hanging reads hold it.
  clock.advance(options.first_retry);
  EXPECT_EQ(disk.begun(FakeOp::open), 1U);
  disk.release(FakeOp::read);
  disk.wait_until_begun(FakeOp::open, 2);
  wait_until_up(*tier, true);
  EXPECT_EQ(metric("seekfs_l2_up", disk_label()), 1);
  EXPECT_EQ(tier->disks().front().detail, "");
  EXPECT_TRUE(is_hit(*tier, tier_key(3)));
}

TEST_F(TierFaultsTest, AHangingReadOfOneDiskDelaysNeitherPutsNorReadsFromTheQueue) {
  const auto tier = open();
  fill(*tier, 1);
  disk.set_cached(false);
  disk.hold(FakeOp::read);
  SlowGet get(*tier, 0);
  disk.wait_until_begun(FakeOp::read, 1);
  put_to(*tier, tier_key(1));
  tier->flush();
  EXPECT_TRUE(disk.holds(tier_key(1)));
  disk.release(FakeOp::read);
  EXPECT_TRUE(get.wait());
  EXPECT_EQ(get.out, tier_bytes(tier_key(0)));
}

TEST_F(TierFaultsTest, FailedWritesSwitchTheDiskOffWhileReadsSucceed) {
  const auto tier = open();
  fill(*tier, 2);
  disk.fail(FakeOp::append, ErrorCode::exhausted);
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(is_hit(*tier, tier_key(1)));
    put_to(*tier, tier_key(100 + i));
    tier->flush();
  }
  wait_until_up(*tier, false);
  EXPECT_FALSE(is_hit(*tier, tier_key(1)));
  EXPECT_EQ(metric("seekfs_l2_dropped_pages_total", disk_label() + ",reason=\"failed\""), 3);
}

TEST_F(TierFaultsTest, WhatIsPutWhileTheDiskIsOffIsDropped) {
  const auto tier = open();
  break_writes(*tier, ErrorCode::transient);
  put_to(*tier, tier_key(0));
  tier->flush();
  EXPECT_FALSE(is_hit(*tier, tier_key(0)));
  EXPECT_EQ(metric("seekfs_l2_dropped_pages_total", disk_label() + ",reason=\"down\""), 1);
  disk.fail(FakeOp::append, std::nullopt);
  clock.advance(options.first_retry);
  wait_until_up(*tier, true);
  put_to(*tier, tier_key(0));
  tier->flush();
  EXPECT_TRUE(is_hit(*tier, tier_key(0)));
  EXPECT_EQ(disk.begun(FakeOp::open), 2U);
}

TEST_F(TierFaultsTest, ADiskThatFailsAgainAtOnceIsOffAtTheFirstError) {
  const auto tier = open();
  break_writes(*tier, ErrorCode::transient);
  clock.advance(options.first_retry);
  wait_until_up(*tier, true);
  put_to(*tier, tier_key(0));
  tier->flush();
  wait_until_up(*tier, false);
  EXPECT_EQ(disk.begun(FakeOp::append), 4U);
  disk.fail(FakeOp::append, std::nullopt);
  clock.advance(2 * options.first_retry);
  wait_until_up(*tier, true);
}

TEST_F(TierFaultsTest, FailedCheckpointsSwitchTheDiskOff) {
  const auto tier = open();
  disk.fail(FakeOp::checkpoint, ErrorCode::transient);
  for (std::uint32_t i = 0; i < 3; ++i) {
    put_to(*tier, tier_key(i));
    tier->flush();
    clock.advance(options.checkpoint_interval);
    disk.wait_until_begun(FakeOp::checkpoint, i + 1);
  }
  wait_until_up(*tier, false);
}

TEST_F(TierFaultsTest, ALongCheckEndsWithItsDiskSoThatItCanBeOpenedAgain) {
  const auto tier = open();
  disk.hold(FakeOp::check);
  std::thread checking([&] {
    const auto report = async::sync_wait(tier->check());
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code, ErrorCode::cancelled);
  });
  disk.wait_until_begun(FakeOp::check, 1);
  break_writes(*tier, ErrorCode::transient);
  checking.join();
  disk.fail(FakeOp::append, std::nullopt);
  clock.advance(options.first_retry);
  wait_until_up(*tier, true);
  EXPECT_TRUE(async::sync_wait(tier->check()));
}

TEST_F(TierFaultsTest, CancelsLongWorkThatRunsAndThatComesLater) {
  const auto tier = open();
  disk.hold(FakeOp::check);
  std::thread checking([&] { EXPECT_FALSE(async::sync_wait(tier->check())); });
  disk.wait_until_begun(FakeOp::check, 1);
  tier->cancel_long_work();
  checking.join();
  EXPECT_EQ(async::sync_wait(tier->check()).error().code, ErrorCode::cancelled);
  EXPECT_EQ(async::sync_wait(tier->compact()).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(tier->disks().front().up) << "that is no error of the disk";
  put_to(*tier, tier_key(0));
  tier->flush();
  EXPECT_TRUE(is_hit(*tier, tier_key(0)));
}

TEST_F(TierFaultsTest, APageThatCannotBeReadIsForgottenSoThatItIsWrittenElsewhere) {
  const auto tier = open();
  fill(*tier, 2);
  disk.set_cached(false);
  disk.fail(FakeOp::read, ErrorCode::transient);
  EXPECT_FALSE(get_from(*tier, tier_key(0)));
  EXPECT_FALSE(disk.holds(tier_key(0)));
  EXPECT_TRUE(disk.holds(tier_key(1)));
}

TEST_F(TierFaultsTest, CountersDoNotFallWhenADirectoryIsOpenedAnew) {
  const auto tier = open();
  fill(*tier, 5);
  break_writes(*tier, ErrorCode::transient);
  EXPECT_EQ(tier->stats().written_bytes, 5 * tier_page_size);
  EXPECT_EQ(tier->stats().pages, 0U) << "none can be had now";
  disk.fail(FakeOp::append, std::nullopt);
  clock.advance(options.first_retry);
  wait_until_up(*tier, true);
  EXPECT_EQ(tier->stats().written_bytes, 5 * tier_page_size);
  EXPECT_EQ(tier->stats().pages, 5U);
}

TEST_F(TierFaultsTest, ShutsDownWhileADiskIsOff) {
  auto tier = open();
  break_writes(*tier, ErrorCode::transient);
  put_to(*tier, tier_key(0));
  tier.reset();
  EXPECT_EQ(disk.begun(FakeOp::close), 0U) << "what failed is not saved";
  EXPECT_EQ(disk.begun(FakeOp::destroy), 1U);
}

TEST_F(TierFaultsTest, AHangingDiskDoesNotKeepTheOthersFromClosing) {
  FakeDisk other;
  options.disks = {store_at("a"), store_at("b")};
  const std::string second = options.disks[1].path;
  auto tier = SegmentTier::open(parts(), options, [&](const StoreParts& store_parts, const StoreOptions& store) {
    return (store.path == second ? other : disk).opener()(store_parts, store);
  });
  ASSERT_TRUE(tier);
  disk.hold(FakeOp::append);
  std::uint32_t number = 0;
  while (disk.begun(FakeOp::append) == 0) put_to(**tier, tier_key(number++ % 100));
  std::thread closing([&] { tier->reset(); });
  other.wait_until_begun(FakeOp::destroy, 1);
  EXPECT_EQ(disk.begun(FakeOp::close), 0U);
  disk.release(FakeOp::append);
  closing.join();
  EXPECT_EQ(disk.begun(FakeOp::destroy), 1U);
}

TEST_F(TierFaultsTest, StartsWithoutADiskThatMayComeBack) {
  for (const ErrorCode code : {ErrorCode::transient, ErrorCode::exhausted}) {
    disk.fail(FakeOp::open, code);
    const auto tier = open();
    ASSERT_NE(tier, nullptr);
    EXPECT_FALSE(tier->disks().front().up);
    EXPECT_NE(tier->disks().front().detail, "");
    EXPECT_EQ(tier->disks().front().capacity_bytes, capacity);
    EXPECT_FALSE(is_hit(*tier, tier_key(0)));
    put_to(*tier, tier_key(0));
    tier->flush();
    disk.fail(FakeOp::open, std::nullopt);
    clock.advance(options.first_retry);
    wait_until_up(*tier, true);
    put_to(*tier, tier_key(0));
    tier->flush();
    EXPECT_TRUE(is_hit(*tier, tier_key(0)));
  }
}

TEST_F(TierFaultsTest, RefusesToStartWithWhatAPersonHasToMend) {
  for (const ErrorCode code : {ErrorCode::denied, ErrorCode::conflict, ErrorCode::invalid}) {
    disk.fail(FakeOp::open, code);
    const auto tier = try_open();
    ASSERT_FALSE(tier);
    EXPECT_EQ(tier.error().code, code);
  }
}

TEST_F(TierFaultsTest, RefusesTheSameDirectoryTwice) {
  options.disks = {store_at("a"), store_at("a")};
  const auto tier = SegmentTier::open(parts(), options, disk.opener());
  ASSERT_FALSE(tier);
  EXPECT_EQ(tier.error().code, ErrorCode::invalid);
  EXPECT_EQ(disk.begun(FakeOp::open), 0U);
}

}  // namespace
}  // namespace seekfs::segmentstore
