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

}  // namespace
}  // namespace seekfs::objectstore
