// What a hit in L1 costs, what an entry costs, and how often S3-FIFO hits beside a plain LRU.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <vector>

#include "cache/lru_testing.h"
#include "cache/page_cache.h"

namespace seekfs::cache {
namespace {

constexpr std::uint32_t page_size = 256;

/// File keys are hashes in the real thing; a mixed number looks the same to the cache and is cheap to make.
manifest::PageKey key_of(std::uint64_t number) {
  manifest::PageKey key;
  std::uint64_t word = number / 1024 * 0x9E3779B97F4A7C15U;
  word ^= word >> 29U;
  word *= 0xBF58476D1CE4E5B9U;
  std::memcpy(key.file.bytes.data(), &word, sizeof word);
  key.page_id = static_cast<std::uint32_t>(number % 1024);
  key.off = std::uint64_t{key.page_id} * page_size;
  key.len = page_size;
  return key;
}

PageRef new_page() {
  MutablePage page = MutablePage::allocate(page_size, nullptr);
  std::ranges::fill(page.bytes(), std::byte{1});
  return std::move(page).seal();
}

std::uint64_t capacity_for(std::uint64_t pages) { return pages * MutablePage::charge(page_size); }

/// Kept from one run to the next of the same size: filling takes far longer than measuring.
std::unique_ptr<PageCache> filled;

void fill(const benchmark::State& state) {
  const auto pages = static_cast<std::uint64_t>(state.range(0));
  if (filled && filled->capacity() == capacity_for(pages)) return;
  filled.reset();
  filled = std::make_unique<PageCache>(capacity_for(pages));
  for (std::uint64_t i = 0; i < pages; ++i) filled->put(key_of(i), new_page());
}

void hit(benchmark::State& state) {
  const auto pages = static_cast<std::uint64_t>(state.range(0));
  std::uint64_t random = static_cast<std::uint64_t>(state.thread_index()) + 1;
  std::uint64_t misses = 0;
  for (auto _ : state) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const PageRef page = filled->get(key_of((random >> 33U) % pages));
    if (!page) ++misses;
    benchmark::DoNotOptimize(page.bytes().data());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["misses"] = static_cast<double>(misses);
  if (state.thread_index() == 0) {
    state.counters["bytes_per_entry"] =
        static_cast<double>(filled->overhead_bytes()) / static_cast<double>(filled->stats().pages);
  }
}
BENCHMARK(hit)
    ->Setup(fill)
    ->Arg(10'000)
    ->Arg(100'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->ThreadRange(1, 2)
    ->UseRealTime();

/// Of this thread on a processor, in microseconds: what others on the machine do hardly shows.
double cpu_now() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1000;
}

/// While the cache's tables grow: all puts together, and the worst one, where a shard's index doubles.
void put_while_growing(benchmark::State& state) {
  const auto pages = static_cast<std::uint64_t>(state.range(0));
  std::vector<PageRef> made(pages);
  double worst = 0;
  for (auto _ : state) {
    state.PauseTiming();
    filled.reset();
    for (PageRef& page : made) page = new_page();
    PageCache cache(capacity_for(pages));
    state.ResumeTiming();
    double before = cpu_now();
    for (std::uint64_t i = 0; i < pages; ++i) {
      cache.put(key_of(i), std::move(made[i]));
      const double now = cpu_now();
      worst = std::max(worst, now - before);
      before = now;
    }
    state.PauseTiming();
    cache.shrink(capacity_for(pages));
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(pages));
  state.counters["worst_us"] = worst;
}
BENCHMARK(put_while_growing)
    ->Arg(10'000)
    ->Arg(1'000'000)
    ->Arg(10'000'000)
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

/// Ranks by Zipf's law with exponent 0.99, by inverting its cumulative distribution.
class Zipf {
 public:
  explicit Zipf(std::size_t items) : cumulative_(items) {
    double sum = 0;
    for (std::size_t i = 0; i < items; ++i) cumulative_[i] = sum += 1 / std::pow(static_cast<double>(i + 1), 0.99);
    for (double& value : cumulative_) value /= sum;
  }
  std::uint64_t operator()(std::mt19937_64& random) {
    const double at = std::uniform_real_distribution<double>(0, 1)(random);
    return static_cast<std::uint64_t>(std::ranges::lower_bound(cumulative_, at) - cumulative_.begin());
  }

 private:
  std::vector<double> cumulative_;
};

/// Hit ratios for accesses of which `scan` percent walk on through items that never come again. The cache holds
/// `share` percent of the 200,000 items of the Zipf distribution.
void hit_ratio(benchmark::State& state) {
  constexpr std::size_t items = 200'000;
  constexpr std::size_t accesses = 2'000'000;
  const std::size_t pages = items * static_cast<std::size_t>(state.range(0)) / 100;
  const auto scan = static_cast<std::uint64_t>(state.range(1));
  Zipf zipf(items);
  for (auto _ : state) {
    std::mt19937_64 random(1);
    PageCache cache(capacity_for(pages));
    PlainLru lru(pages);
    const PageRef page = new_page();
    std::uint64_t next_scanned = items;
    std::size_t cache_hits = 0;
    std::size_t lru_hits = 0;
    std::size_t counted = 0;
    for (std::size_t i = 0; i < accesses; ++i) {
      const bool scanned = random() % 100 < scan;
      const std::uint64_t number = scanned ? next_scanned++ : zipf(random);
      const bool in_cache = static_cast<bool>(cache.get(key_of(number)));
      if (!in_cache) cache.put(key_of(number), page);
      const bool in_lru = lru.access(number);
      if (scanned || i < accesses / 2) continue;
      ++counted;
      cache_hits += in_cache ? 1U : 0U;
      lru_hits += in_lru ? 1U : 0U;
    }
    state.counters["s3fifo"] = static_cast<double>(cache_hits) / static_cast<double>(counted);
    state.counters["lru"] = static_cast<double>(lru_hits) / static_cast<double>(counted);
  }
}
BENCHMARK(hit_ratio)
    ->ArgNames({"cache_percent", "scan_percent"})
    ->ArgsProduct({{1, 5, 20}, {0, 20, 50}})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace seekfs::cache

BENCHMARK_MAIN();
