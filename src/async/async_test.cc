// Promises, timers on virtual time, pools and reactors.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "async/promise.h"
#include "async/reactor.h"
#include "async/sync_wait.h"
#include "async/thread_pool.h"
#include "async/timers.h"

namespace seekfs::async {
namespace {

using std::chrono::seconds;

TEST(Promise, GivesAResultThatWasSetBefore) {
  Promise<int> promise;
  EXPECT_TRUE(promise.set(7));
  EXPECT_FALSE(promise.set(8));
  EXPECT_EQ(sync_wait(promise.wait()).value(), 7);
}

TEST(Promise, ResumesOnTheWaitersOwnThread) {
  Promise<std::thread::id> promise;
  std::thread setter([promise] { promise.set(std::this_thread::get_id()); });
  auto task = [](Promise<std::thread::id> awaited) -> Task<bool> {
    const auto set_on = co_await awaited.wait();
    co_return set_on.value() != std::this_thread::get_id();
  };
  EXPECT_TRUE(sync_wait(task(promise)).value());
  setter.join();
}

TEST(Promise, TimesOutOnVirtualTimeAndDropsTheLateResult) {
  env::ManualClock clock;
  Timers timers(clock);
  Promise<int> promise;
  std::thread waiter([&] {
    const auto result = sync_wait(promise.wait_until(timers, clock.now() + seconds(5), "the test"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::timeout);
    EXPECT_EQ(result.error().message, "the test did not finish before its deadline");
  });
  while (timers.pending() == 0) std::this_thread::yield();
  clock.advance(seconds(5));
  waiter.join();
  EXPECT_FALSE(promise.set(1));
  EXPECT_EQ(timers.pending(), 0U);
}

TEST(Promise, ManyRacesBetweenSetAndTimeoutGiveExactlyOneResult) {
  env::ManualClock clock;
  Timers timers(clock);
  for (int round = 0; round < 500; ++round) {
    Promise<int> promise;
    bool was_set = false;
    std::thread setter([&] { was_set = promise.set(1); });
    std::thread advancer([&] { clock.advance(seconds(1)); });
    const auto result = sync_wait(promise.wait_until(timers, clock.now() + seconds(1), "race"));
    setter.join();
    advancer.join();
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::timeout);
    }
    EXPECT_EQ(result.has_value(), was_set);
    clock.advance(seconds(1));
  }
  EXPECT_EQ(timers.pending(), 0U);
}

TEST(Timers, RingInOrderOfTimeAndNotBefore) {
  env::ManualClock clock;
  Timers timers(clock);
  std::vector<int> rung;
  const auto start = clock.now();
  timers.schedule(start + seconds(3), [&] { rung.push_back(3); });
  timers.schedule(start + seconds(1), [&] { rung.push_back(1); });
  const auto cancelled = timers.schedule(start + seconds(2), [&] { rung.push_back(2); });
  EXPECT_TRUE(timers.cancel(cancelled));
  EXPECT_FALSE(timers.cancel(cancelled));
  clock.advance(std::chrono::milliseconds(999));
  EXPECT_TRUE(rung.empty());
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(rung, std::vector<int>({1}));
  clock.advance(seconds(10));
  EXPECT_EQ(rung, std::vector<int>({1, 3}));
}

TEST(Timers, AFunctionMayScheduleTheNextOne) {
  env::ManualClock clock;
  Timers timers(clock);
  int rung = 0;
  std::function<void()> again = [&] {
    if (++rung < 3) timers.schedule(clock.now() + seconds(1), again);
  };
  timers.schedule(clock.now() + seconds(1), again);
  for (int i = 0; i < 5; ++i) clock.advance(seconds(1));
  EXPECT_EQ(rung, 3);
}

TEST(Timers, WorkOnTheSystemClock) {
  auto clock = env::make_system_clock();
  Timers timers(*clock);
  Promise<void> rung;
  timers.schedule(clock->now() + std::chrono::milliseconds(5), [rung] { rung.set({}); });
  EXPECT_TRUE(sync_wait(rung.wait()));
}

TEST(ThreadPool, RunsEverythingBeforeItEnds) {
  std::atomic<int> done{0};
  {
    ThreadPool pool("test", 3);
    for (int i = 0; i < 1000; ++i) pool.post([&] { ++done; });
  }
  EXPECT_EQ(done, 1000);
}

TEST(ThreadPool, RunOnGivesTheResultOrTheError) {
  ThreadPool pool("test", 1);
  EXPECT_EQ(sync_wait(run_on<int>(pool, [] { return Result<int>(4); })).value(), 4);
  const auto failed = sync_wait(run_on<int>(pool, []() -> Result<int> { return fail(ErrorCode::denied, "no"); }));
  EXPECT_EQ(failed.error().code, ErrorCode::denied);
}

TEST(ThreadPool, RunOnLetsGoOfWhatTheWorkHoldsBeforeItsResultArrives) {
  ThreadPool pool("pool", 1);
  std::atomic<bool> gone{false};
  std::shared_ptr<void> held(nullptr, [&](void*) {
    for (int i = 0; i < 10'000; ++i) std::this_thread::yield();
    gone = true;
  });
  ASSERT_TRUE(sync_wait(run_on<int>(pool, [held = std::move(held)]() -> Result<int> { return 1; })));
  EXPECT_TRUE(gone);
}

TEST(Reactor, RunsCoroutinesOnOneThread) {
  Reactor reactor("test");
  Promise<std::thread::id> first;
  Promise<std::thread::id> second;
  auto task = [](Promise<std::thread::id> out) -> boost::asio::awaitable<void, Executor> {
    out.set(std::this_thread::get_id());
    co_return;
  };
  spawn(reactor.executor(), task(first));
  spawn(reactor.executor(), task(second));
  const auto a = sync_wait(first.wait());
  EXPECT_EQ(a.value(), sync_wait(second.wait()).value());
  EXPECT_NE(a.value(), std::this_thread::get_id());
}

TEST(Reactor, ResultsMayArriveAfterItsThreadHasStopped) {
  Reactor reactor("test");
  Promise<int> late;
  Promise<void> started;
  bool resumed = false;
  auto task = [](Promise<int> wait_for, Promise<void> begun, bool& flag) -> boost::asio::awaitable<void, Executor> {
    begun.set({});
    (void)co_await wait_for.wait();
    flag = true;
  };
  spawn(reactor.executor(), task(late, started, resumed));
  ASSERT_TRUE(sync_wait(started.wait()));
  reactor.stop();
  EXPECT_TRUE(late.set(1));
  EXPECT_FALSE(resumed);
}

}  // namespace
}  // namespace seekfs::async
