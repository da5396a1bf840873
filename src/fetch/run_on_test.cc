// When one more page is worth its bytes, and what is known of a region.
#include "fetch/run_on.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "fetch/recent_demand.h"

namespace seekfs::fetch {
namespace {

constexpr std::uint64_t mib = 1U << 20U;
constexpr RunOnPolicy policy{.get_price_bytes = 300, .max_bytes = 1000, .prior = 0.5};

std::uint64_t bytes_taken(RunOn run, std::uint32_t len) {
  while (run.takes(len)) {
  }
  return run.bytes();
}

TEST(RunOn, GoesOnWhileAPageIsWorthItsBytes) {
  // With p = 1/4 a page is worth a third of a GET's price.
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0.25, 0}, 99), 990U);
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0.25, 0}, 101), 0U);
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0.25, 0.5}, 299), 897U) << "readers are denser here than elsewhere";
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 0, 0}, 1), 0U);
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 1, 0}, 1000), 1000U);
}

TEST(RunOn, StaysWithinTheLimitsOfThePolicyAndOfAGet) {
  EXPECT_EQ(bytes_taken({policy, 0, 10'000, 1, 0}, 300), 900U);
  EXPECT_EQ(bytes_taken({policy, 9'300, 10'000, 1, 0}, 300), 600U);
  EXPECT_EQ(bytes_taken({policy, 12'000, 10'000, 1, 0}, 1), 0U) << "one page may be larger than a GET may be";
  EXPECT_EQ(bytes_taken({{}, 0, 10'000, 1, 1}, 1), 0U) << "no policy";
}

TEST(RunOn, APageThatIsNotTakenEndsIt) {
  RunOn run(policy, 0, 10'000, 1, 0);
  EXPECT_TRUE(run.takes(600));
  EXPECT_FALSE(run.takes(500));
  EXPECT_FALSE(run.takes(1));
}

/// A file of ten pages of a hundred bytes, of which some are cached; and the GET for one of its pages.
class ExtendTest : public ::testing::Test {
 protected:
  class Table final : public PageTable {
   public:
    std::uint32_t page_count() const override { return 10; }
    Row row(std::uint32_t page_id) const override {
      return {.key = {.file = {}, .page_id = page_id, .off = page_id * 100U, .len = 100}, .crc32c = 0};
    }
  };

  PlannedGet get_for(std::uint32_t page_id) {
    auto source = std::make_shared<PageSource>();
    source->pages = std::make_shared<Table>();
    PageJob job;
    job.request = {.key = source->pages->row(page_id).key, .crc32c = 0, .source = source};
    PlannedGet get{.object = {}, .range = {.off = job.request.key.off, .len = 100}, .jobs = {}};
    get.jobs.push_back(std::move(job));
    return get;
  }
  /// The pages of the GET for `page_id`, as digits.
  std::string extended(std::uint32_t page_id, std::uint64_t max_bytes, std::uint64_t lead_in_max_bytes) {
    PlannedGet get = get_for(page_id);
    kept.clear();
    const RunOn run({.get_price_bytes = 1, .max_bytes = max_bytes}, 100, 10'000, 1, 0);
    const std::size_t count =
        extend(get, run, lead_in_max_bytes,
               {.is_free = [this](const PageRequest& page) { return !cached.contains(page.key.page_id); },
                .keep =
                    [this](const PageRequest& page) {
                      return !cached.contains(page.key.page_id) && kept.insert(page.key.page_id).second;
                    },
                .keep_with_memory = [this](const PageRequest& page) -> std::optional<MutablePage> {
                  if (memory_left == 0 || cached.contains(page.key.page_id)) return std::nullopt;
                  --memory_left;
                  kept.insert(page.key.page_id);
                  return MutablePage{};
                }});
    EXPECT_EQ(count, kept.size());
    EXPECT_EQ(get.range.off, get.jobs.front().request.key.off);
    EXPECT_EQ(get.range.len, get.jobs.size() * 100);
    std::string pages;
    for (const PageJob& job : get.jobs) {
      EXPECT_EQ(job.run_on, kept.contains(job.request.key.page_id));
      pages += std::to_string(job.request.key.page_id);
    }
    return pages;
  }

  std::set<std::uint32_t> cached;
  std::set<std::uint32_t> kept;
  int memory_left = 100;  ///< pages
};

TEST_F(ExtendTest, GoesOnToWhatIsThereOrTheEndOfTheFile) {
  EXPECT_EQ(extended(3, 300, 0), "3456");
  EXPECT_EQ(extended(8, 300, 0), "89");
  cached = {5};
  EXPECT_EQ(extended(3, 300, 0), "34");
  EXPECT_EQ(extended(3, 0, 0), "3");
}

TEST_F(ExtendTest, BeginsEarlierAsFarAsThereIsMemory) {
  memory_left = 1;
  EXPECT_EQ(extended(2, 400, 200), "1234");
  memory_left = 0;
  EXPECT_EQ(extended(2, 200, 200), "23");
}

TEST(RunOn, TakesSoManyPagesAtMost) {
  EXPECT_EQ(bytes_taken({{.get_price_bytes = 300, .max_bytes = 10'000}, 0, 10'000, 1, 0}, 1), RunOn::max_pages);
}

TEST_F(ExtendTest, BeginsEarlierOnlyToCloseAGap) {
  EXPECT_EQ(extended(2, 300, 200), "0123") << "the file's begin; its bytes count";
  EXPECT_EQ(extended(3, 300, 200), "3456") << "the gap is wider";
  cached = {0, 3, 9};
  EXPECT_EQ(extended(5, 400, 200), "45678");
  EXPECT_EQ(extended(4, 100, 200), "45") << "there is no gap";
  EXPECT_EQ(extended(7, 200, 500), "78") << "more than it may run on";
}

TEST(FetchPolicy, PoliciesLieInOrderAndWithinTheLimitOfAGet) {
  const RunOnPolicy latency = run_on_policy(FetchPolicy::latency, 32 * mib);
  const RunOnPolicy balanced = run_on_policy(FetchPolicy::balanced, 32 * mib);
  const RunOnPolicy fewest = run_on_policy(FetchPolicy::fewest_gets, 32 * mib);
  EXPECT_LT(latency.get_price_bytes, balanced.get_price_bytes);
  EXPECT_LT(balanced.get_price_bytes, fewest.get_price_bytes);
  EXPECT_LT(latency.max_bytes, balanced.max_bytes);
  EXPECT_LE(balanced.max_bytes, fewest.max_bytes);
  EXPECT_LE(fewest.max_bytes, 32 * mib);
  EXPECT_LE(run_on_policy(FetchPolicy::balanced, mib).max_bytes, mib);
  EXPECT_LE(run_on_policy(FetchPolicy::balanced, mib).lead_in_max_bytes, mib);
}

TEST(RecentDemand, IsTheShareOfTheRegionAndFades) {
  RecentDemand demand;
  const env::TimePoint now{};
  EXPECT_EQ(demand.density("a", 0, now), 0);
  demand.note("a", 0, mib, now);
  demand.note("a", 2 * mib, mib, now);
  EXPECT_DOUBLE_EQ(demand.density("a", 3 * mib, now), 0.5);
  EXPECT_EQ(demand.density("a", 4 * mib, now), 0) << "another region";
  EXPECT_EQ(demand.density("b", 0, now), 0) << "another object";
  EXPECT_DOUBLE_EQ(demand.density("a", 0, now + RecentDemand::half_life), 0.25);
  for (int i = 0; i < 9; ++i) demand.note("a", 0, mib, now);
  EXPECT_EQ(demand.density("a", 0, now), 1);
}

}  // namespace
}  // namespace seekfs::fetch
