// The breaker's phases, what opens and closes it, and what must not.
#include "objectstore/circuit_breaker.h"

#include <gtest/gtest.h>

#include <set>

namespace seekfs::objectstore {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Verdict = CircuitBreaker::Verdict;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  /// Requests that fail at once, until it is open.
  void fail_until_open() { fail_until_open(breaker); }
  void fail_until_open(CircuitBreaker& one) {
    while (one.closed()) {
      now += milliseconds(100);
      ASSERT_EQ(one.ask(now).verdict, Verdict::pass);
      one.sent(now);
      one.failed(now, now);
    }
  }
  /// Goes to the end of the pause and gives its length.
  env::Duration wait_for_pause() {
    const CircuitBreaker::Answer answer = breaker.ask(now);
    EXPECT_EQ(answer.verdict, Verdict::refuse);
    const env::Duration pause = answer.at - now;
    now = answer.at;
    EXPECT_EQ(breaker.ask(now).verdict, Verdict::pass);
    return pause;
  }
  /// The pause of 1, 2, 4 … s, give or take a fifth.
  static void expect_about(env::Duration pause, milliseconds length) {
    EXPECT_GE(pause, length * 8 / 10);
    EXPECT_LE(pause, length * 12 / 10);
  }

  env::TimePoint now = env::TimePoint(hours(1));
  CircuitBreaker breaker{7};
};

TEST_F(CircuitBreakerTest, OpensWhenNothingButFailuresCameForItsPatience) {
  const env::TimePoint began = now;
  fail_until_open();
  EXPECT_GE(now - began, CircuitBreaker::patience);
  EXPECT_LE(now - began, CircuitBreaker::patience + milliseconds(100));
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::refuse);
}

TEST_F(CircuitBreakerTest, FewFailuresAreNoOutage) {
  for (std::uint32_t i = 1; i < CircuitBreaker::suspicious_failures; ++i) {
    breaker.sent(now);
    EXPECT_FALSE(breaker.failed(now, now + seconds(10)));
  }
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::pass);
  EXPECT_TRUE(breaker.failed(now, now + seconds(10)));
}

TEST_F(CircuitBreakerTest, ManyFailuresOfOneMomentAreNoOutageButSlowItDown) {
  breaker.sent(now);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(breaker.failed(now, now + milliseconds(1)));
  now += milliseconds(1);
  const CircuitBreaker::Answer answer = breaker.ask(now);
  EXPECT_EQ(answer.verdict, Verdict::later);
  EXPECT_EQ(breaker.ask(answer.at).verdict, Verdict::pass);
}

TEST_F(CircuitBreakerTest, OneHealthyAnswerBeginsTheCountAnew) {
  for (int i = 0; i < 100; ++i) {
    now += seconds(1);
    breaker.sent(now);
    breaker.failed(now, now);
    if (i % 4 == 3) breaker.answered(now);
  }
  EXPECT_TRUE(breaker.closed());
}

TEST_F(CircuitBreakerTest, WhatWasSentBeforeTheLastHealthyAnswerSaysNothingByFailing) {
  const env::TimePoint sent = now;
  now += seconds(10);
  breaker.answered(now);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(breaker.failed(sent, now + seconds(i)));
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::pass);
}

TEST_F(CircuitBreakerTest, TimeWithoutRequestsIsNoPatience) {
  breaker.sent(now);  // and given up by its reader: no answer
  now += hours(1);
  for (std::uint32_t i = 0; i < CircuitBreaker::suspicious_failures; ++i) {
    breaker.sent(now);
    EXPECT_FALSE(breaker.failed(now, now));
  }
}

TEST_F(CircuitBreakerTest, OnlyTheProbePassesAfterThePause) {
  fail_until_open();
  wait_for_pause();
  EXPECT_NE(breaker.sent(now), 0U);
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::refuse);
  EXPECT_EQ(breaker.ask(now + minutes(5)).verdict, Verdict::refuse);
  EXPECT_FALSE(breaker.closed());
}

TEST_F(CircuitBreakerTest, PausesDoubleUpToTheLongest) {
  fail_until_open();
  for (const int length : {1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30}) {
    expect_about(wait_for_pause(), seconds(length));
    breaker.sent(now);
    EXPECT_TRUE(breaker.failed(now, now));
  }
}

TEST_F(CircuitBreakerTest, FailuresFromBeforeItOpenedDoNotLengthenThePause) {
  const env::TimePoint before = now;
  fail_until_open();
  const env::TimePoint pause_ends = breaker.ask(now).at;
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(breaker.failed(before, now));
  EXPECT_EQ(breaker.ask(now).at, pause_ends) << "while open";

  wait_for_pause();
  breaker.sent(now);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(breaker.failed(before, now));
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::refuse) << "the probe is still out";
  EXPECT_TRUE(breaker.failed(now, now));
  expect_about(wait_for_pause(), seconds(2));
}

TEST_F(CircuitBreakerTest, AHealthyAnswerClosesItAtAnyTime) {
  fail_until_open();
  EXPECT_TRUE(breaker.answered(now));
  EXPECT_TRUE(breaker.closed());
  EXPECT_FALSE(breaker.answered(now));

  fail_until_open();
  wait_for_pause();
  breaker.sent(now);
  EXPECT_TRUE(breaker.answered(now));
  fail_until_open();
  expect_about(wait_for_pause(), seconds(1));
}

TEST_F(CircuitBreakerTest, AProbeThatIsGivenUpLeavesItsPlaceToTheNextRequest) {
  fail_until_open();
  wait_for_pause();
  const std::uint64_t probe = breaker.sent(now);
  breaker.probe_returned(probe + 1);
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::refuse);
  breaker.probe_returned(probe);
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::pass);
  EXPECT_EQ(breaker.sent(now), probe + 1);
}

TEST_F(CircuitBreakerTest, AProbeThatComesBackLateChangesNothing) {
  fail_until_open();
  wait_for_pause();
  const std::uint64_t probe = breaker.sent(now);
  breaker.failed(now, now);
  wait_for_pause();
  breaker.sent(now);
  breaker.probe_returned(probe);
  EXPECT_EQ(breaker.ask(now).verdict, Verdict::refuse) << "the second probe is out";
  breaker.answered(now);
  breaker.probe_returned(probe + 1);
  EXPECT_TRUE(breaker.closed());
}

TEST_F(CircuitBreakerTest, ProcessesProbeAtDifferentTimes) {
  std::set<env::TimePoint> ends;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CircuitBreaker one(seed);
    now = env::TimePoint(hours(1));
    fail_until_open(one);
    ends.insert(one.ask(now).at);
  }
  EXPECT_GE(ends.size(), 15U);
}

}  // namespace
}  // namespace seekfs::objectstore
