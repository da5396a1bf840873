// The memory budget: what fits, whose turn it is, what the reclaimer is asked, deadlines, and that no byte is lost.
#include "cache/memory_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <random>
#include <thread>
#include <vector>

#include "async/reactor.h"
#include "base/page.h"
#include "cache/page_cache.h"
#include "env/clock.h"

namespace seekfs::cache {
namespace {

using std::chrono::seconds;

class MemoryBudgetTest : public testing::Test {
 protected:
  /// Awaits on the reactor, which outlives all the threads of a test; blocks the caller.
  Status wait(async::Task<void> task) {
    std::promise<Status> done;
    std::future<Status> result = done.get_future();
    async::spawn(
        reactor_.executor(),
        [](async::Task<void> inner, std::promise<Status> out) -> boost::asio::awaitable<void, async::Executor> {
          out.set_value(co_await std::move(inner));
        }(std::move(task), std::move(done)));
    return result.get();
  }

  /// Reserves on a thread of its own; returns once it waits in the queue (or is done).
  std::future<Status> reserve_elsewhere(MemoryBudget& budget, std::uint64_t bytes, seconds patience = seconds(10)) {
    const std::size_t before = budget.waiting();
    auto done = std::make_shared<std::atomic<bool>>(false);
    std::future<Status> result = std::async(std::launch::async, [this, &budget, bytes, patience, done] {
      Status status = wait(budget.reserve(MemoryUse::pages, bytes, clock_.now() + patience));
      *done = true;
      return status;
    });
    while (!*done && (budget.waiting() == before || timers_.pending() == before)) std::this_thread::yield();
    return result;
  }

  env::ManualClock clock_;
  async::Timers timers_{clock_};
  async::Reactor reactor_{"budget-test"};
};

TEST_F(MemoryBudgetTest, CountsPerUse) {
  MemoryBudget budget(100, timers_);
  EXPECT_TRUE(budget.try_reserve(MemoryUse::pages, 50));
  EXPECT_TRUE(budget.try_reserve(MemoryUse::manifests, 30));
  EXPECT_FALSE(budget.try_reserve(MemoryUse::replies, 21));
  EXPECT_TRUE(budget.try_reserve(MemoryUse::replies, 20));
  EXPECT_EQ(budget.used(MemoryUse::pages), 50U);
  EXPECT_EQ(budget.used(MemoryUse::manifests), 30U);
  EXPECT_EQ(budget.used(MemoryUse::replies), 20U);
  EXPECT_EQ(budget.used(), 100U);
  EXPECT_EQ(budget.total(), 100U);
  budget.release(MemoryUse::manifests, 30);
  EXPECT_EQ(budget.used(), 70U);
  EXPECT_FALSE(budget.try_reserve(MemoryUse::pages, 101));
  EXPECT_EQ(to_string(MemoryUse::replies), "replies");
}

TEST_F(MemoryBudgetTest, PagesGiveTheirMemoryBack) {
  MemoryBudget budget(1000, timers_);
  ASSERT_TRUE(budget.try_reserve(MemoryUse::pages, MutablePage::charge(100)));
  PageRef page = MutablePage::allocate(100, &budget.page_memory()).seal();
  EXPECT_EQ(budget.used(MemoryUse::pages), MutablePage::charge(100));
  page.reset();
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(MemoryBudgetTest, ReserveTakesWhatIsFreeAtOnce) {
  MemoryBudget budget(100, timers_);
  EXPECT_TRUE(wait(budget.reserve(MemoryUse::pages, 100, clock_.now())));
  EXPECT_EQ(budget.used(), 100U);
  const Status larger = wait(budget.reserve(MemoryUse::pages, 101, clock_.now()));
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().code, ErrorCode::exhausted);
}

TEST_F(MemoryBudgetTest, WaitersAreServedInOrderAndNoSmallOnePassesALargeOne) {
  MemoryBudget budget(100, timers_);
  ASSERT_TRUE(budget.try_reserve(MemoryUse::pages, 60));
  ASSERT_TRUE(budget.try_reserve(MemoryUse::replies, 30));
  auto large = reserve_elsewhere(budget, 90);
  auto small = reserve_elsewhere(budget, 5);
  EXPECT_EQ(budget.waiting(), 2U);
  EXPECT_FALSE(budget.try_reserve(MemoryUse::pages, 1)) << "10 bytes are free, but somebody waits";
  budget.release(MemoryUse::pages, 60);
  EXPECT_EQ(budget.waiting(), 2U) << "90 do not fit yet, and 5 must not pass them";
  budget.release(MemoryUse::replies, 30);
  EXPECT_TRUE(large.get());
  EXPECT_TRUE(small.get());
  EXPECT_EQ(budget.used(), 95U);
  EXPECT_TRUE(budget.try_reserve(MemoryUse::pages, 5));
}

TEST_F(MemoryBudgetTest, TheDeadlineEndsAWaitAndLetsTheNextOnePass) {
  MemoryBudget budget(100, timers_);
  ASSERT_TRUE(budget.try_reserve(MemoryUse::pages, 50));
  auto large = reserve_elsewhere(budget, 80, seconds(1));
  auto small = reserve_elsewhere(budget, 50, seconds(60));
  clock_.advance(seconds(2));
  const Status late = large.get();
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout);
  EXPECT_NE(late.error().message.find("80 bytes"), std::string::npos) << late.error().message;
  EXPECT_TRUE(small.get());
  EXPECT_EQ(budget.used(), 100U);
  EXPECT_EQ(budget.waiting(), 0U);
}

TEST_F(MemoryBudgetTest, TheReclaimerIsAskedForWhatIsMissing) {
  MemoryBudget budget(100, timers_);
  std::vector<std::uint64_t> asked;
  budget.set_reclaimer([&](std::uint64_t bytes) {
    asked.push_back(bytes);
    budget.release(MemoryUse::pages, (bytes + 1) / 2);  // takes the budget's lock: it must not be held
  });
  ASSERT_TRUE(budget.try_reserve(MemoryUse::pages, 100));
  EXPECT_TRUE(budget.try_reserve(MemoryUse::replies, 7));
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{7, 3, 1}));
  EXPECT_EQ(budget.used(MemoryUse::replies), 7U);
}

TEST_F(MemoryBudgetTest, GivesUpWhenTheReclaimerFindsNothing) {
  MemoryBudget budget(100, timers_);
  int asked = 0;
  budget.set_reclaimer([&](std::uint64_t) { ++asked; });
  ASSERT_TRUE(budget.try_reserve(MemoryUse::pages, 100));
  EXPECT_FALSE(budget.try_reserve(MemoryUse::pages, 1));
  EXPECT_EQ(asked, 1);
}

PageRef make_page(MemoryBudget& budget, std::uint32_t size) {
  EXPECT_TRUE(budget.try_reserve(MemoryUse::pages, MutablePage::charge(size)));
  return MutablePage::allocate(size, &budget.page_memory()).seal();
}

manifest::PageKey key_of(std::uint32_t number, std::uint32_t len) {
  manifest::PageKey key;
  key.page_id = number;
  key.len = len;
  return key;
}

TEST_F(MemoryBudgetTest, AWaiterGetsMemoryFromL1) {
  MemoryBudget budget(10'000, timers_);
  PageCache cache(10'000, budget);
  for (std::uint32_t i = 0; i < 8; ++i) cache.put(key_of(i, 1000), make_page(budget, 1000));
  EXPECT_TRUE(wait(budget.reserve(MemoryUse::replies, 5000, clock_.now() + seconds(1))));
  EXPECT_LE(cache.stats().pages, 4U);
  EXPECT_GE(cache.stats().pages, 3U) << "no more than was missing";
}

TEST_F(MemoryBudgetTest, AWaiterGetsMemoryFromPagesThatReachL1LaterAndFromThoseStillBeingSent) {
  MemoryBudget budget(10'000, timers_);
  PageCache cache(10'000, budget);
  std::vector<PageRef> in_flight;
  for (std::uint32_t i = 0; i < 9; ++i) in_flight.push_back(make_page(budget, 1000));
  auto waiter = reserve_elsewhere(budget, 5000);
  EXPECT_EQ(budget.waiting(), 1U);
  for (std::uint32_t i = 0; i < 5; ++i) cache.put(key_of(i, 1000), std::move(in_flight[i]));
  EXPECT_TRUE(waiter.get());

  auto second = reserve_elsewhere(budget, 4000);
  cache.put(key_of(7, 1000), in_flight[7]);
  EXPECT_FALSE(cache.contains(key_of(7, 1000))) << "evicted, though its memory is not free yet";
  in_flight.clear();
  EXPECT_TRUE(second.get());
}

TEST_F(MemoryBudgetTest, ManyThreadsLoseNoByteAndNoWakeup) {
  MemoryBudget budget(64 << 10, timers_);
  PageCache cache(32 << 10, budget);
  const env::TimePoint never = clock_.now() + std::chrono::hours(1);
  std::vector<std::thread> threads;
  std::atomic<int> waited{0};
  for (std::uint32_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937 random(thread);
      for (std::uint32_t round = 0; round < 1000; ++round) {
        const std::uint32_t size = 1 + random() % (40 << 10);
        const std::uint64_t charge = MutablePage::charge(size);
        if (random() % 2 == 0) {
          ASSERT_TRUE(wait(budget.reserve(MemoryUse::pages, charge, never)));
          ++waited;
        } else if (!budget.try_reserve(MemoryUse::pages, charge)) {
          continue;
        }
        PageRef page = MutablePage::allocate(size, &budget.page_memory()).seal();
        ASSERT_LE(budget.used(), budget.total());
        if (random() % 2 == 0) cache.put(key_of(thread * 1000 + round, size), std::move(page));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(waited.load(), 1000);
  EXPECT_EQ(budget.waiting(), 0U);
  EXPECT_EQ(timers_.pending(), 0U);
  EXPECT_EQ(budget.used(), cache.stats().bytes);
  cache.shrink(budget.total());
  EXPECT_EQ(budget.used(), 0U);
}

TEST_F(MemoryBudgetTest, DeadlinesAndReleasesMayRace) {
  MemoryBudget budget(100, timers_);
  for (int round = 0; round < 200; ++round) {
    ASSERT_TRUE(budget.try_reserve(MemoryUse::pages, 100));
    auto waiter = reserve_elsewhere(budget, 60, seconds(1));
    std::thread releaser([&] { budget.release(MemoryUse::pages, 100); });
    clock_.advance(seconds(2));
    const Status status = waiter.get();
    releaser.join();
    EXPECT_EQ(budget.used(), status ? 60U : 0U);
    if (status) budget.release(MemoryUse::pages, 60);
  }
}

TEST(MemoryBudgetDeathTest, GivingBackTooMuchEndsTheProgram) {
  env::ManualClock clock;
  async::Timers timers(clock);
  MemoryBudget budget(100, timers);
  EXPECT_DEATH(budget.release(MemoryUse::replies, 1), "1 bytes of replies given back, but only 0");
}

}  // namespace
}  // namespace seekfs::cache
