// The gate's budgets on virtual time, and its order of purposes.
#include "objectstore/origin_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "async/sync_wait.h"

namespace seekfs::objectstore {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class OriginGateTest : public ::testing::Test {
 protected:
  /// What an acquire() that is decided at once gives.
  static Result<OriginGate::Permit> acquire(OriginGate& gate, Purpose purpose = Purpose::demand) {
    Result<OriginGate::Permit> decided = fail(ErrorCode::timeout, "it waits");
    gate.acquire(purpose, [&](Result<OriginGate::Permit> permit) { decided = std::move(permit); });
    return decided;
  }
  void fail_until_open(OriginGate& gate) {
    while (!gate.open()) {
      clock.advance(milliseconds(100));
      const auto permit = acquire(gate);
      ASSERT_TRUE(permit);
      gate.report(OriginAnswer::transient, clock.now());
    }
  }
  std::int64_t gauge(const std::string& name) { return metrics.gauge(name, "").value(); }
  std::uint64_t counter(const std::string& name, Labels labels = {}) {
    return metrics.counter(name, "", std::move(labels)).value();
  }

  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry metrics;
};

TEST_F(OriginGateTest, NeverMoreInFlightThanAllowed) {
  OriginGate gate({.max_in_flight = 2}, timers, metrics);
  std::vector<OriginGate::Permit> held;
  int granted = 0;
  for (int i = 0; i < 5; ++i) {
    gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit> permit) {
      ++granted;
      held.push_back(std::move(*permit));
    });
  }
  EXPECT_EQ(granted, 2);
  EXPECT_EQ(gate.in_flight(), 2U);
  const OriginGate::Permit given_back = std::move(held.front());
  held.reserve(8);
  {
    const OriginGate::Permit gone = std::move(held[1]);
  }
  EXPECT_EQ(granted, 3);
  EXPECT_EQ(gate.in_flight(), 2U);
  gate.acquire(Purpose::demand, [](Result<OriginGate::Permit>) {});
  while (gate.in_flight() > 1) {
    std::vector<OriginGate::Permit> last = std::move(held);
    held.clear();
    held.reserve(8);
  }
  EXPECT_EQ(granted, 5);
}

TEST_F(OriginGateTest, KeepsTheRateOnVirtualTime) {
  OriginGate gate({.requests_per_second = 10, .max_in_flight = 1000}, timers, metrics);
  int granted = 0;
  for (int i = 0; i < 100; ++i) gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit>) { ++granted; });
  EXPECT_EQ(granted, 1);  // the burst of a rate of 10 is one
  for (int tenth = 0; tenth < 50; ++tenth) clock.advance(milliseconds(101));
  EXPECT_GE(granted, 50);
  EXPECT_LE(granted, 52);
}

TEST_F(OriginGateTest, GivesPermitsByPurposeThenByArrival) {
  OriginGate gate({.max_in_flight = 1}, timers, metrics);
  std::vector<std::string> order_seen;
  std::optional<OriginGate::Permit> first;
  gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit> permit) { first = std::move(*permit); });
  const auto record = [&](Purpose purpose, std::string name) {
    gate.acquire(purpose, [&order_seen, name](Result<OriginGate::Permit>) { order_seen.push_back(name); });
  };
  record(Purpose::prefetch, "prefetch");
  record(Purpose::demand, "demand 1");
  record(Purpose::demand, "demand 2");
  record(Purpose::manifest, "manifest");
  first.reset();
  EXPECT_EQ(order_seen, (std::vector<std::string>{"manifest", "demand 1", "demand 2", "prefetch"}));
}

TEST_F(OriginGateTest, AnUnusedPermitGivesItsTokenBack) {
  OriginGate gate({.requests_per_second = 1, .max_in_flight = 10}, timers, metrics);
  gate.acquire(Purpose::demand, [](Result<OriginGate::Permit> permit) { permit->return_unused(); });
  bool granted = false;
  gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit>) { granted = true; });
  EXPECT_TRUE(granted);
}

TEST_F(OriginGateTest, AWaitEndsAtItsDeadline) {
  OriginGate gate({.max_in_flight = 1}, timers, metrics);
  std::optional<OriginGate::Permit> held;
  gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit> permit) { held = std::move(*permit); });
  std::thread waiter([&] {
    const auto permit = async::sync_wait(gate.wait(Purpose::demand, clock.now() + seconds(1)));
    ASSERT_FALSE(permit);
    EXPECT_EQ(permit.error().code, ErrorCode::timeout);
  });
  while (timers.pending() == 0) std::this_thread::yield();
  clock.advance(seconds(1));
  waiter.join();
  held.reset();
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(OriginGateTest, ACancelledWaitLeavesNothingBehind) {
  OriginGate gate({.max_in_flight = 1}, timers, metrics);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(acquire(gate));
  auto held = acquire(gate);
  std::thread waiter([&] { (void)async::sync_wait(gate.wait(Purpose::demand, clock.now() + seconds(1))); });
  while (timers.pending() == 0) std::this_thread::yield();
  clock.advance(seconds(1));
  waiter.join();
  EXPECT_EQ(timers.pending(), 0U);
  EXPECT_TRUE(gate.take_hedge()) << "nobody waits";
  held->return_unused();
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(OriginGateTest, AWaitEndsByItsPromiseAndLeavesNothingBehind) {
  OriginGate gate({.max_in_flight = 1}, timers, metrics);
  auto held = acquire(gate);
  const async::Promise<OriginGate::Permit> promise;
  std::thread waiter([&] {
    const auto permit = async::sync_wait(gate.wait(Purpose::demand, clock.now() + seconds(1), promise));
    ASSERT_FALSE(permit);
    EXPECT_EQ(permit.error().code, ErrorCode::cancelled);
  });
  while (timers.pending() == 0) std::this_thread::yield();
  promise.set(fail(ErrorCode::cancelled, "a test"));
  waiter.join();
  EXPECT_EQ(timers.pending(), 0U);
  EXPECT_TRUE(acquire(gate, Purpose::hedge).error().code == ErrorCode::throttled) << "full";
  held->return_unused();
  EXPECT_TRUE(acquire(gate)) << "nobody waits before it";
}

TEST_F(OriginGateTest, RefusesAtOnceWhileTheBreakerIsOpen) {
  OriginGate gate({.max_in_flight = 4, .breaker = true}, timers, metrics);
  fail_until_open(gate);
  EXPECT_EQ(gauge("seekfs_origin_breaker_open"), 1);
  for (const Purpose purpose : {Purpose::demand, Purpose::manifest, Purpose::hedge, Purpose::publish}) {
    const auto refused = acquire(gate, purpose);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::transient);
    EXPECT_GE(refused.error().retry_after, milliseconds(1));
    EXPECT_LE(refused.error().retry_after, milliseconds(1200));
  }
  EXPECT_FALSE(gate.take_retry(RetryKind::transient));
  EXPECT_FALSE(gate.take_hedge());
  EXPECT_EQ(gate.in_flight(), 0U);
  EXPECT_EQ(timers.pending(), 0U) << "nobody waits";
}

TEST_F(OriginGateTest, ThoseWhoWaitWhenItOpensAreRefused) {
  OriginGate gate({.max_in_flight = 1, .breaker = true}, timers, metrics);
  auto hanging = acquire(gate);
  std::vector<ErrorCode> told;
  gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit> permit) { told.push_back(permit.error().code); });
  gate.acquire_retry(Purpose::demand, [](Status) {});
  const env::TimePoint sent = clock.now();
  clock.advance(seconds(5));
  for (int i = 0; i < 5; ++i) gate.report(OriginAnswer::transient, sent);
  EXPECT_TRUE(gate.open());
  EXPECT_EQ(told, std::vector{ErrorCode::transient});
}

TEST_F(OriginGateTest, OneProbePassesAndItsAnswerDecides) {
  OriginGate gate({.max_in_flight = 4, .breaker = true}, timers, metrics);
  fail_until_open(gate);
  clock.advance(milliseconds(1200));
  auto probe = acquire(gate);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(acquire(gate)) << "one is enough to learn it";
  gate.report(OriginAnswer::transient, clock.now());
  probe->return_unused();
  EXPECT_FALSE(acquire(gate)) << "away still";

  clock.advance(milliseconds(2400));
  probe = acquire(gate);
  ASSERT_TRUE(probe);
  gate.report(OriginAnswer::success, clock.now());
  EXPECT_FALSE(gate.open());
  EXPECT_EQ(gauge("seekfs_origin_breaker_open"), 0);
  EXPECT_TRUE(acquire(gate));
}

TEST_F(OriginGateTest, AProbeGivenUpByItsReaderLeavesItsPlaceToTheNext) {
  OriginGate gate({.max_in_flight = 4, .breaker = true}, timers, metrics);
  fail_until_open(gate);
  clock.advance(milliseconds(1200));
  EXPECT_TRUE(acquire(gate)) << "dropped at once";
  EXPECT_TRUE(acquire(gate));
  EXPECT_EQ(gate.in_flight(), 0U);
}

TEST_F(OriginGateTest, ADeniedRequestIsAnAnswerAndOpensNothing) {
  OriginGate gate({.max_in_flight = 4, .breaker = true}, timers, metrics);
  for (int i = 0; i < 1000; ++i) {
    clock.advance(milliseconds(50));
    auto permit = acquire(gate);
    ASSERT_TRUE(permit);
    gate.report(i % 4 == 0 ? OriginAnswer::success : OriginAnswer::transient, clock.now());
  }
  EXPECT_FALSE(gate.open());
}

TEST_F(OriginGateTest, RetriesGoBeforeNewRequestsAndWithoutAnotherPermit) {
  OriginGate gate({.requests_per_second = 10, .max_in_flight = 2}, timers, metrics);
  std::vector<std::string> told;
  auto held = acquire(gate);
  gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit>) { told.emplace_back("request"); });
  gate.acquire_retry(Purpose::demand, [&](Status) { told.emplace_back("retry"); });
  gate.acquire_retry(Purpose::manifest, [&](Status) { told.emplace_back("manifest's retry"); });
  for (int i = 0; i < 4; ++i) clock.advance(milliseconds(101));
  EXPECT_EQ(told, (std::vector<std::string>{"manifest's retry", "retry", "request"}));
  EXPECT_EQ(gate.in_flight(), 1U);
}

TEST_F(OriginGateTest, HedgesNeverWaitAndNeverPassThoseWhoDo) {
  OriginGate gate({.max_in_flight = 1}, timers, metrics);
  for (int i = 0; i < 100; ++i) {
    const auto permit = acquire(gate);
    gate.report(OriginAnswer::success, clock.now());
  }
  EXPECT_TRUE(gate.take_hedge());
  auto held = acquire(gate);
  const auto refused = acquire(gate, Purpose::hedge);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::throttled);
  gate.acquire(Purpose::prefetch, [](Result<OriginGate::Permit>) {});
  EXPECT_FALSE(gate.take_hedge()) << "somebody waits";
  EXPECT_EQ(counter("seekfs_origin_hedges_total"), 1U);
}

TEST_F(OriginGateTest, CountsRetriesHedgesAndThrottling) {
  OriginGate gate({.max_in_flight = 10}, timers, metrics);
  EXPECT_EQ(gauge("seekfs_origin_limit"), 10);
  const auto token = gate.take_retry(RetryKind::throttled);
  ASSERT_TRUE(token);
  gate.return_retry(*token);
  (void)gate.take_retry(RetryKind::transient);
  const auto permit = acquire(gate);
  gate.report(OriginAnswer::throttled, clock.now());
  EXPECT_EQ(counter("seekfs_origin_retries_total", {{"kind", "throttled"}}), 1U);
  EXPECT_EQ(counter("seekfs_origin_retries_total", {{"kind", "transient"}}), 1U);
  EXPECT_EQ(counter("seekfs_origin_throttled_total"), 1U);
  EXPECT_LT(gauge("seekfs_origin_limit"), 10);
}

TEST_F(OriginGateTest, ARetryThatWasNotSentCostsNothing) {
  OriginGate gate({}, timers, metrics);
  for (int i = 0; i < 1000; ++i) {
    const auto token = gate.take_retry(RetryKind::transient);
    ASSERT_TRUE(token) << i;
    gate.return_retry(*token);
  }
}

TEST_F(OriginGateTest, AGateThatEndsForgetsWhoWaitsAndItsPermitsMayComeLate) {
  std::optional<OriginGate::Permit> late;
  bool told = false;
  {
    OriginGate gate({.requests_per_second = 1, .max_in_flight = 1}, timers, metrics);
    gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit> permit) { late = std::move(*permit); });
    gate.acquire(Purpose::demand, [&](Result<OriginGate::Permit>) { told = true; });
    gate.acquire_retry(Purpose::demand, [&](Status) { told = true; });
  }
  late.reset();
  clock.advance(seconds(10));
  EXPECT_FALSE(told);
  EXPECT_EQ(timers.pending(), 0U);
}

}  // namespace
}  // namespace seekfs::objectstore
