// HEAD read again because an object has changed: what is found, and that the store is not asked more often than a ttl.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "manifest/layout.h"
#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t page_size = 64U << 10U;

class ReloadTest : public ::testing::Test {
 protected:
  ReloadTest() {
    published_ = node_.publish("demo", 1, {{"f", page_size, page_size}});
    EXPECT_TRUE(node_.open("demo", "f"));
    heads_ = heads();
  }
  Result<bool> reload(std::uint64_t stale = 1) {
    return node_.run(node_.service->reload("demo", stale, node_.clock.now() + seconds(60)));
  }
  /// Requests wait until release_.
  void hold_store() {
    node_.set_faults([this](StoreOp, const std::string&) {
      return StoreFault{.before = [this] {
        held_ = true;
        while (!release_) std::this_thread::yield();
      }};
    });
  }
  std::size_t heads() const { return node_.gets(manifest::head_key("demo")); }
  std::size_t new_heads() const { return heads() - heads_; }

  std::atomic<bool> held_ = false;
  std::atomic<bool> release_ = false;
  TestNode node_;
  manifest::Manifest published_;
  std::size_t heads_ = 0;
};

TEST_F(ReloadTest, FindsTheVersionThatWasPublishedSinceHeadWasRead) {
  node_.put(published_.files[0].storage.key, "something else");
  EXPECT_EQ(node_.read("demo", "f", 0, page_size).error().code, ErrorCode::source_changed);
  const auto next = node_.publish("demo", 2, {{"f", page_size, page_size}});
  EXPECT_EQ(node_.open("demo", "f")->version(), 1U);  // HEAD is not due
  EXPECT_EQ(reload(), true);
  EXPECT_EQ(node_.open("demo", "f")->version(), 2U);
  EXPECT_TRUE(node_.read("demo", "f", 0, page_size).value() == manifest::oracle_content("demo", "f", 2, page_size));
  EXPECT_EQ(node_.read("demo", "f", 0, page_size, 1).error().code, ErrorCode::source_changed);
}

TEST_F(ReloadTest, AsksTheStoreOnceATtlAndKnowsAnotherVersionWithoutAsking) {
  EXPECT_EQ(reload(), false);
  EXPECT_EQ(new_heads(), 1U);
  EXPECT_EQ(reload(), false);
  EXPECT_EQ(new_heads(), 1U);
  node_.clock.advance(seconds(11));
  EXPECT_EQ(reload(), false);
  EXPECT_EQ(new_heads(), 2U);
  EXPECT_EQ(reload(7), true);
  EXPECT_EQ(new_heads(), 2U);
}

TEST_F(ReloadTest, ManyAtOnceCostOneRead) {
  constexpr std::size_t count = 16;
  hold_store();
  node_.publish("demo", 2, {{"f", page_size, page_size}});
  std::vector<async::Promise<bool>> answers(count);
  std::atomic<std::size_t> asked = 0;
  for (const async::Promise<bool>& answer : answers) {
    async::spawn(node_.front.executor(),
                 [](TestNode& node, async::Promise<bool> told,
                    std::atomic<std::size_t>& started) -> boost::asio::awaitable<void, async::Executor> {
                   ++started;
                   told.set(co_await node.service->reload("demo", 1, node.clock.now() + seconds(60)));
                 }(node_, answer, asked));
  }
  while (asked < count) std::this_thread::yield();
  release_ = true;
  for (const auto& answer : answers) EXPECT_EQ(async::sync_wait(answer.wait()), true);
  EXPECT_EQ(new_heads(), 1U);
}

TEST_F(ReloadTest, AStoreThatIsAwayGivesNoOtherVersion) {
  node_.set_faults([](StoreOp, const std::string&) {
    return StoreFault{.fail_before = Error(ErrorCode::transient, "the store is away")};
  });
  EXPECT_EQ(reload(), false);
  EXPECT_EQ(node_.open("demo", "f")->version(), 1U);
}

TEST_F(ReloadTest, AStoreThatHangsIsWaitedForTwoSeconds) {
  hold_store();
  const std::size_t timers = node_.timers.pending();
  const async::Promise<bool> answer;
  async::spawn(node_.front.executor(),
               [](TestNode& node, async::Promise<bool> told) -> boost::asio::awaitable<void, async::Executor> {
                 told.set(co_await node.service->reload("demo", 1, node.clock.now() + std::chrono::hours(10)));
               }(node_, answer));
  while (!held_ || node_.timers.pending() == timers) std::this_thread::yield();
  node_.clock.advance(seconds(2) - milliseconds(1));
  EXPECT_EQ(node_.timers.pending(), timers + 1) << "less than two seconds";
  node_.clock.advance(milliseconds(1));
  const bool over = node_.timers.pending() == timers;
  EXPECT_TRUE(over) << "more than two seconds";
  release_ = !over;
  EXPECT_EQ(async::sync_wait(answer.wait()), false);
  release_ = true;
}

TEST_F(ReloadTest, ANamespaceThatNobodyReadIsNotAskedFor) {
  EXPECT_EQ(node_.run(node_.service->reload("other", 1, node_.clock.now() + seconds(60))), false);
  EXPECT_EQ(node_.gets("other"), 0U);
}

}  // namespace
}  // namespace seekfs::reader
