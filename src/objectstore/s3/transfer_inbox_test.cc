// No wake-up is lost, whenever a command comes. Where one was, a test would wait for ever.
#include "objectstore/s3/transfer_inbox.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "objectstore/s3/socket_poller.h"

namespace seekfs::objectstore::s3 {
namespace {

TransferCommand command() { return {.kind = TransferCommand::Kind::check_times, .transfer = nullptr}; }

class TransferInboxTest : public testing::Test {
 protected:
  /// As the transfer thread sleeps.
  void sleep() { EXPECT_TRUE(poller->wait().empty()); }

  const std::unique_ptr<SocketPoller> poller = SocketPoller::open().value();
  TransferInbox inbox;
};

TEST_F(TransferInboxTest, WakesASleeperOfEachKind) {
  std::jthread waiter([this] { EXPECT_EQ(inbox.take(true).commands.size(), 1U); });
  ASSERT_TRUE(inbox.post(command()));
  waiter.join();
  inbox.attach(poller.get());
  std::jthread sleeper([this] { sleep(); });
  ASSERT_TRUE(inbox.post(command()));
  sleeper.join();
  EXPECT_EQ(inbox.take(false).commands.size(), 1U);
}

TEST_F(TransferInboxTest, WhatCameBeforeTheHandleWasThereWakesIt) {
  ASSERT_TRUE(inbox.post(command()));
  inbox.attach(poller.get());
  sleep();
  EXPECT_EQ(inbox.take(false).commands.size(), 1U);
}

TEST_F(TransferInboxTest, ClosingWakesWhoeverSleeps) {
  inbox.close();
  EXPECT_TRUE(inbox.take(true).closed);
  inbox.attach(poller.get());
  sleep();
  inbox.attach(nullptr);
  EXPECT_TRUE(inbox.take(true).closed);
  EXPECT_FALSE(inbox.post(command()));
}

TEST_F(TransferInboxTest, WhatComesWhileTheHandleGoesIsTaken) {
  inbox.attach(poller.get());
  ASSERT_TRUE(inbox.post(command()));
  inbox.attach(nullptr);
  EXPECT_EQ(inbox.take(true).commands.size(), 1U);
}

TEST_F(TransferInboxTest, ManySendersAndASleeperThatChangesItsBed) {
#ifdef SEEKFS_SANITIZED
  constexpr int each = 200;
#else
  constexpr int each = 2'000;
#endif
  constexpr int senders = 3;
  std::vector<std::jthread> threads;
  for (int i = 0; i < senders; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < each; ++n) EXPECT_TRUE(inbox.post(command()));
    });
  }
  std::size_t taken = 0;
  for (int round = 0; taken < std::size_t{senders} * each; ++round) {
    // By turns in the poller and in the inbox, with a change between.
    if (round % 2 == 0) {
      inbox.attach(poller.get());
      sleep();
      inbox.attach(nullptr);
    }
    taken += inbox.take(round % 2 == 1).commands.size();
  }
  EXPECT_EQ(taken, std::size_t{senders} * each);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
