// What ends a wait of the poller, and what it tells then.
#include "objectstore/s3/socket_poller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class SocketPollerTest : public testing::Test {
 protected:
  SocketPollerTest() {
    auto opened = SocketPoller::open();
    poller_ = *std::move(opened);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair_), 0);
  }
  ~SocketPollerTest() override {
    close(pair_[0]);
    if (pair_[1] >= 0) close(pair_[1]);
  }

  void make_readable() { ASSERT_EQ(write(pair_[1], "x", 1), 1); }
  void close_peer() {
    close(pair_[1]);
    pair_[1] = -1;
  }
  int socket() const { return pair_[0]; }

  std::unique_ptr<SocketPoller> poller_;
  int pair_[2] = {-1, -1};
};

TEST_F(SocketPollerTest, TellsWhatASocketIsReadyFor) {
  ASSERT_TRUE(poller_->watch(socket(), {.reads = true}));
  make_readable();
  auto ready = poller_->wait();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_EQ(ready[0].socket, socket());
  EXPECT_TRUE(ready[0].readable);
  EXPECT_FALSE(ready[0].writable);
  EXPECT_FALSE(ready[0].failed);

  ASSERT_TRUE(poller_->watch(socket(), {.writes = true}));  // instead of reading
  ready = poller_->wait();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_FALSE(ready[0].readable);
  EXPECT_TRUE(ready[0].writable);
}

TEST_F(SocketPollerTest, TellsThatThePeerHungUp) {
  ASSERT_TRUE(poller_->watch(socket(), {.reads = true}));
  close_peer();
  const auto ready = poller_->wait();
  ASSERT_EQ(ready.size(), 1U);
  EXPECT_TRUE(ready[0].failed);
}

TEST_F(SocketPollerTest, AWakeUpEndsAWaitOnceHoweverOftenItCame) {
  ASSERT_TRUE(poller_->watch(socket(), {.reads = true}));
  for (int i = 0; i < 3; ++i) poller_->wake();
  EXPECT_TRUE(poller_->wait().empty());
  make_readable();
  EXPECT_EQ(poller_->wait().size(), 1U);
}

TEST_F(SocketPollerTest, AnotherThreadEndsAWait) {
  std::thread other([this] { poller_->wake(); });
  EXPECT_TRUE(poller_->wait().empty());
  other.join();
}

TEST_F(SocketPollerTest, ATimerWithoutDelayIsOutAtOnceAndOnce) {
  poller_->set_timer(milliseconds(0));
  EXPECT_TRUE(poller_->wait().empty());  // it does not sleep
  EXPECT_TRUE(poller_->take_timer());
  EXPECT_FALSE(poller_->take_timer());
}

TEST_F(SocketPollerTest, ATimerEndsAWait) {
  poller_->set_timer(milliseconds(1));
  while (!poller_->take_timer()) EXPECT_TRUE(poller_->wait().empty());
}

TEST_F(SocketPollerTest, AnEarlierTimerReplacesALaterOne) {
  poller_->set_timer(hours(1));
  poller_->set_timer(milliseconds(1));
  while (!poller_->take_timer()) EXPECT_TRUE(poller_->wait().empty());
}

TEST_F(SocketPollerTest, ATimerAfterOneThatRanOutRunsOutToo) {
  for (int i = 0; i < 3; ++i) {
    poller_->set_timer(milliseconds(2 + i));
    while (!poller_->take_timer()) EXPECT_TRUE(poller_->wait().empty());
  }
}

TEST_F(SocketPollerTest, AStoppedTimerIsNotOut) {
  poller_->set_timer(milliseconds(0));
  poller_->set_timer(std::nullopt);
  EXPECT_FALSE(poller_->take_timer());
}

TEST_F(SocketPollerTest, WhatIsForgottenIsNotTold) {
  ASSERT_TRUE(poller_->watch(socket(), {.reads = true}));
  make_readable();
  poller_->forget(socket());
  poller_->forget(socket());
  poller_->wake();
  EXPECT_TRUE(poller_->wait().empty());
  ASSERT_TRUE(poller_->watch(socket(), {.reads = true}));
  EXPECT_EQ(poller_->wait().size(), 1U);
}

TEST_F(SocketPollerTest, WhatIsNoSocketIsExhausted) {
  const Status watched = poller_->watch(-1, {.reads = true});
  ASSERT_FALSE(watched);
  EXPECT_EQ(watched.error().code, ErrorCode::exhausted);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
