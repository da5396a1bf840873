// What one GET covers.
#include "fetch/planner.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "fetch/fetch_queue.h"

namespace seekfs::fetch {
namespace {

std::vector<PendingRange> run_of(std::size_t count, std::uint32_t len, std::uint64_t from = 0) {
  std::vector<PendingRange> ranges;
  for (std::size_t i = 0; i < count; ++i) ranges.push_back({from + i * len, len});
  return ranges;
}

TEST(Planner, TakesNeighboursUpToTheCap) {
  const auto pending = run_of(10, 100);
  const GetPlan plan = plan_get(pending, 0, {.coalesce_max_bytes = 450, .lead_in_max_bytes = 0});
  EXPECT_EQ(plan.first, 0U);
  EXPECT_EQ(plan.count, 4U);
}

TEST(Planner, AsksForAPageThatIsLargerThanTheCap) {
  const auto pending = run_of(3, 100);
  const GetPlan plan = plan_get(pending, 1, {.coalesce_max_bytes = 50, .lead_in_max_bytes = 50});
  EXPECT_EQ(plan.first, 1U);
  EXPECT_EQ(plan.count, 1U);
}

TEST(Planner, StopsAtAGap) {
  const std::vector<PendingRange> pending = {{0, 10}, {10, 10}, {21, 10}};
  EXPECT_EQ(plan_get(pending, 0, {}).count, 2U);
  EXPECT_EQ(plan_get(pending, 2, {}).first, 2U);
}

TEST(Planner, TakesALittleOfWhatLiesBefore) {
  const auto pending = run_of(10, 100);
  const GetPlan plan = plan_get(pending, 5, {.coalesce_max_bytes = 1000, .lead_in_max_bytes = 200});
  EXPECT_EQ(plan.first, 3U);
  EXPECT_EQ(plan.count, 7U);
}

TEST(Planner, LeavesAPageAloneThatMustBe) {
  auto pending = run_of(5, 10);
  pending[2].alone = true;
  EXPECT_EQ(plan_get(pending, 2, {}).count, 1U);
  EXPECT_EQ(plan_get(pending, 0, {}).count, 2U);
  EXPECT_EQ(plan_get(pending, 3, {}).first, 3U);
}

TEST(Planner, AlwaysCoversTheOldestWithinTheCapOnRandomInput) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<PendingRange> pending;
    std::uint64_t off = 0;
    const auto count = 1 + random() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      const auto len = static_cast<std::uint32_t>(1 + random() % 50);
      pending.push_back({off, len, random() % 10 == 0});
      off += len + (random() % 4 == 0 ? random() % 20 : 0);
    }
    const PlannerPolicy policy{.coalesce_max_bytes = 1 + random() % 300, .lead_in_max_bytes = random() % 100};
    const std::size_t oldest = random() % count;
    const GetPlan plan = plan_get(pending, oldest, policy);
    ASSERT_LE(plan.first, oldest);
    ASSERT_LT(oldest, plan.first + plan.count);
    std::uint64_t bytes = 0;
    std::uint64_t before = 0;
    for (std::size_t i = plan.first; i < plan.first + plan.count; ++i) {
      bytes += pending[i].len;
      if (i < oldest) before += pending[i].len;
      if (i > plan.first) {
        ASSERT_EQ(pending[i - 1].off + pending[i - 1].len, pending[i].off);
        ASSERT_FALSE(pending[i].alone || pending[i - 1].alone);
      }
    }
    if (plan.count > 1) {
      ASSERT_LE(bytes, policy.coalesce_max_bytes);
    }
    ASSERT_LE(before, policy.lead_in_max_bytes);
  }
}

using objectstore::Purpose;

PageJob job(const std::shared_ptr<const PageSource>& source, std::uint64_t off, std::uint32_t len) {
  PageJob made;
  made.request.key = {.file = {}, .page_id = static_cast<std::uint32_t>(off / len), .off = off, .len = len};
  made.request.source = source;
  return made;
}

std::shared_ptr<const PageSource> source(std::string key, std::string etag = "\"1\"", std::uint64_t off = 0) {
  auto made = std::make_shared<PageSource>();
  made->object = {.key = std::move(key), .if_match = std::move(etag), .version_id = {}};
  made->object_off = off;
  return made;
}

TEST(FetchQueue, GivesTheOldestWithItsNeighbours) {
  FetchQueue queue({.coalesce_max_bytes = 1000, .lead_in_max_bytes = 1000});
  const auto a = source("a");
  const auto b = source("b");
  queue.push(job(a, 20, 10));
  queue.push(job(b, 0, 10));
  queue.push(job(a, 30, 10));
  queue.push(job(a, 10, 10));
  queue.push(job(a, 50, 10));
  const auto first = queue.pop(Purpose::demand);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->object.key, "a");
  EXPECT_EQ(first->range.off, 10U);
  EXPECT_EQ(first->range.len, 30U);
  ASSERT_EQ(first->jobs.size(), 3U);
  EXPECT_EQ(first->jobs[2].request.key.off, 30U);
  EXPECT_EQ(queue.pop(Purpose::demand)->object.key, "b");
  EXPECT_EQ(queue.pop(Purpose::demand)->range.off, 50U);
  EXPECT_FALSE(queue.pop(Purpose::demand));
}

TEST(FetchQueue, KeepsStatesOfAnObjectApartAndJoinsFilesOfOneObject) {
  FetchQueue queue({});
  queue.push(job(source("pack", "\"1\"", 0), 0, 10));
  queue.push(job(source("pack", "\"2\"", 0), 10, 10));
  queue.push(job(source("pack", "\"1\"", 10), 0, 10));  // another file that follows in the same object
  const auto first = queue.pop(Purpose::demand);
  EXPECT_EQ(first->jobs.size(), 2U);
  EXPECT_EQ(first->range.len, 20U);
  EXPECT_EQ(queue.pop(Purpose::demand)->object.if_match, "\"2\"");
  EXPECT_TRUE(queue.empty(Purpose::demand));
}

TEST(FetchQueue, TakesEverythingInOrderOfArrival) {
  FetchQueue queue({});
  const auto a = source("a");
  queue.push(job(a, 30, 10));
  queue.push(job(a, 0, 10));
  const auto jobs = queue.take_all(Purpose::demand);
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].request.key.off, 30U);
  EXPECT_TRUE(queue.empty(Purpose::demand));
  EXPECT_FALSE(queue.pop(Purpose::demand));
}

PageJob prefetch(const std::shared_ptr<const PageSource>& source, std::uint64_t off, std::uint32_t len) {
  PageJob made = job(source, off, len);
  made.purpose = Purpose::prefetch;
  return made;
}

TEST(FetchQueue, DemandGoesFirstAndRunsOnOverPrefetchesThatFollowIt) {
  FetchQueue queue({});
  const auto a = source("a");
  queue.push(prefetch(source("b"), 0, 10));
  queue.push(prefetch(a, 0, 10));
  queue.push(prefetch(a, 20, 10));
  queue.push(job(a, 10, 10));
  const auto first = queue.pop(Purpose::prefetch);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->purpose, Purpose::demand);
  EXPECT_EQ(first->range.off, 10U) << "nothing that nobody waits for comes before it";
  EXPECT_EQ(first->range.len, 20U);
  EXPECT_FALSE(queue.pop(Purpose::demand)) << "a permit for demand is not spent on a prefetch";
  const auto second = queue.pop(Purpose::prefetch);
  EXPECT_EQ(second->object.key, "b");
  EXPECT_EQ(second->purpose, Purpose::prefetch);
  EXPECT_EQ(queue.take_all(Purpose::prefetch).size(), 1U);
  EXPECT_TRUE(queue.empty(Purpose::prefetch));
}

TEST(FetchQueue, ARaisedPrefetchIsOnDemand) {
  FetchQueue queue({});
  const auto a = source("a");
  queue.push(prefetch(a, 0, 10));
  queue.push(prefetch(a, 50, 10));
  EXPECT_FALSE(queue.raise(job(a, 20, 10).request));
  EXPECT_TRUE(queue.raise(job(a, 50, 10).request));
  EXPECT_FALSE(queue.raise(job(a, 50, 10).request)) << "it is on demand already";
  const auto first = queue.pop(Purpose::demand);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->range.off, 50U);
  EXPECT_EQ(first->jobs[0].purpose, Purpose::demand);
  EXPECT_TRUE(queue.empty(Purpose::demand));
  EXPECT_FALSE(queue.empty(Purpose::prefetch));
}

TEST(FetchQueue, AGetOfPrefetchesAloneIsSmaller) {
  FetchQueue queue({.coalesce_max_bytes = 1000, .lead_in_max_bytes = 0, .prefetch_max_bytes = 20});
  const auto a = source("a");
  for (std::uint64_t off = 0; off < 50; off += 10) queue.push(prefetch(a, off, 10));
  EXPECT_EQ(queue.pop(Purpose::prefetch)->range.len, 20U);
  EXPECT_EQ(queue.pop(Purpose::prefetch)->range.off, 20U);
}

}  // namespace
}  // namespace seekfs::fetch
