// Clocks: order of alarms, cancellation while they ring, virtual time.
#include "env/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace seekfs::env {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ManualClock, StandsStillUntilMoved) {
  ManualClock clock;
  const TimePoint start = clock.now();
  const auto wall = clock.wall_now();
  EXPECT_EQ(clock.now(), start);
  clock.advance(seconds(90));
  EXPECT_EQ(clock.now() - start, seconds(90));
  EXPECT_EQ(clock.wall_now() - wall, seconds(90));
}

TEST(ManualClock, RingsWhatIsDueInOrderOfTime) {
  ManualClock clock;
  const TimePoint start = clock.now();
  std::vector<int> rung;
  std::vector<Duration> at;
  const auto alarm = [&](int number, Duration after) {
    auto made = clock.make_alarm([&, number] {
      rung.push_back(number);
      at.push_back(clock.now() - start);
    });
    made->set(start + after);
    return made;
  };
  const auto third = alarm(3, seconds(3));
  const auto first = alarm(1, seconds(1));
  const auto second = alarm(2, seconds(2));
  const auto also_second = alarm(4, seconds(2));
  const auto later = alarm(5, seconds(10));
  clock.advance(milliseconds(999));
  EXPECT_TRUE(rung.empty());
  clock.advance(seconds(5));
  EXPECT_EQ(rung, (std::vector<int>{1, 2, 4, 3}));
  EXPECT_EQ(at, (std::vector<Duration>{seconds(1), seconds(2), seconds(2), seconds(3)}));
  EXPECT_EQ(clock.now() - start, seconds(5) + milliseconds(999));
}

TEST(ManualClock, AnAlarmThatSetsItselfRingsAgainInTheSameAdvance) {
  ManualClock clock;
  const TimePoint start = clock.now();
  int rings = 0;
  std::unique_ptr<Alarm> alarm;
  alarm = clock.make_alarm([&] {
    if (++rings < 5) alarm->set(start + seconds(rings + 1));
  });
  alarm->set(start + seconds(1));
  clock.advance(seconds(3));
  EXPECT_EQ(rings, 3);
  clock.advance(hours(1));
  EXPECT_EQ(rings, 5);
}

TEST(ManualClock, SettingReplacesAndDestroyingCancels) {
  ManualClock clock;
  int rings = 0;
  auto alarm = clock.make_alarm([&] { ++rings; });
  alarm->set(clock.now() + seconds(1));
  alarm->set(clock.now() + seconds(10));
  clock.advance(seconds(5));
  EXPECT_EQ(rings, 0);
  clock.advance(seconds(5));
  EXPECT_EQ(rings, 1);
  alarm->set(clock.now() + seconds(1));
  alarm.reset();
  clock.advance(seconds(5));
  EXPECT_EQ(rings, 1);
}

TEST(ManualClock, AnAlarmMayDestroyItselfAndOthers) {
  ManualClock clock;
  int rings = 0;
  auto victim = clock.make_alarm([&] { ++rings; });
  victim->set(clock.now() + seconds(2));
  std::unique_ptr<Alarm> alarm;
  alarm = clock.make_alarm([&] {
    victim.reset();
    alarm.reset();
    ++rings;
  });
  alarm->set(clock.now() + seconds(1));
  clock.advance(seconds(5));
  EXPECT_EQ(rings, 1);
}

TEST(ManualClock, APointThatHasPassedRingsByItself) {
  ManualClock clock;
  std::promise<std::thread::id> rung;
  auto alarm = clock.make_alarm([&] { rung.set_value(std::this_thread::get_id()); });
  alarm->set(clock.now() - seconds(1));
  EXPECT_NE(rung.get_future().get(), std::this_thread::get_id());
}

TEST(ManualClock, AlarmsMayOutliveIt) {
  auto clock = std::make_unique<ManualClock>();
  int rings = 0;
  auto alarm = clock->make_alarm([&] { ++rings; });
  alarm->set(clock->now() + seconds(1));
  clock.reset();
  alarm->set(TimePoint::min());
  alarm.reset();
  EXPECT_EQ(rings, 0);
}

TEST(SystemClock, TellsTheMachinesTime) {
  const auto clock = make_system_clock();
  const TimePoint before = std::chrono::steady_clock::now();
  const TimePoint now = clock->now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, std::chrono::steady_clock::now());
  const auto wall = std::chrono::system_clock::now() - clock->wall_now();
  EXPECT_LT(wall < wall.zero() ? -wall : wall, hours(1));
}

TEST(SystemClock, RingsNotBeforeTheTimeAndInOrder) {
  const auto clock = make_system_clock();
  const TimePoint start = clock->now();
  std::promise<void> last;
  std::vector<int> rung;
  const auto alarm = [&](int number) {
    return clock->make_alarm([&, number] {
      EXPECT_GE(clock->now(), start + milliseconds(10 * number));
      rung.push_back(number);
      if (number == 3) last.set_value();
    });
  };
  const auto third = alarm(3);
  const auto first = alarm(1);
  const auto second = alarm(2);
  third->set(start + milliseconds(30));
  first->set(start + milliseconds(10));
  second->set(start + milliseconds(20));
  last.get_future().get();
  EXPECT_EQ(rung, (std::vector<int>{1, 2, 3}));
}

TEST(SystemClock, AnEarlierAlarmWakesTheThread) {
  const auto clock = make_system_clock();
  std::promise<void> rung;
  auto far = clock->make_alarm([] { ADD_FAILURE() << "an hour has not passed"; });
  far->set(clock->now() + hours(1));
  auto near = clock->make_alarm([&] { rung.set_value(); });
  near->set(clock->now());
  rung.get_future().get();
}

TEST(SystemClock, DestroyingAnAlarmWaitsForItsRing) {
  for (int round = 0; round < 200; ++round) {
    const auto clock = make_system_clock();
    std::promise<void> started;
    std::atomic<bool> finished = false;
    auto alarm = clock->make_alarm([&] {
      started.set_value();
      std::this_thread::yield();
      finished = true;
    });
    alarm->set(clock->now());
    started.get_future().get();
    alarm.reset();
    EXPECT_TRUE(finished);
  }
}

TEST(SystemClock, NothingRingsAfterCancellation) {
  // The alarm is destroyed at any moment around its time; what it refers to dies right after.
  const auto clock = make_system_clock();
  for (int round = 0; round < 2000; ++round) {
    auto target = std::make_unique<std::atomic<int>>(0);
    auto alarm = clock->make_alarm([raw = target.get()] { ++*raw; });
    alarm->set(clock->now() + std::chrono::microseconds(round % 50));
    if (round % 3 == 0) std::this_thread::yield();
    alarm.reset();
    EXPECT_LE(*target, 1);
    target.reset();
  }
}

TEST(SystemClock, ManyThreadsMaySetAndDestroyAlarms) {
  const auto clock = make_system_clock();
  std::atomic<int> rings = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        auto alarm = clock->make_alarm([&] { ++rings; });
        alarm->set(clock->now() + hours(1));
        alarm->set(clock->now());
        if (i % 2 == 0) std::this_thread::yield();
      }
    });
  }
  threads.clear();
  EXPECT_LE(rings, 2000);
}

TEST(SystemClock, AlarmsMayOutliveIt) {
  auto clock = make_system_clock();
  auto alarm = clock->make_alarm([] { ADD_FAILURE() << "the clock is gone"; });
  alarm->set(clock->now() + hours(1));
  clock.reset();
  alarm->set(TimePoint::min());
}

}  // namespace
}  // namespace seekfs::env
