// Functions that the registry calls at each scrape.
#include "app/tier_metrics.h"

#include <string>
#include <utility>

namespace seekfs::app {
namespace {

double number(std::uint64_t value) { return static_cast<double>(value); }

}  // namespace

void add_tier_metrics(MetricsRegistry& metrics, const cache::PageCache& l1, const l2::L2& l2,
                      const cache::MemoryBudget& memory) {
  const std::string held = "Bytes that a cache tier holds.";
  const std::string capacity = "Bytes that a cache tier may hold.";
  metrics.gauge_function("seekfs_cache_bytes", held, {{"tier", "l1"}}, [&] { return number(l1.stats().bytes); });
  metrics.gauge_function("seekfs_cache_capacity_bytes", capacity, {{"tier", "l1"}},
                         [&] { return number(l1.capacity()); });
  for (const auto& [cause, name] :
       {std::pair(cache::PageCause::prefetch, "prefetch"), std::pair(cache::PageCause::run_on, "run_on")}) {
    const std::string help = "Pages that came into L1 before a reader asked for them, by what became of them.";
    metrics.counter_function("seekfs_prefetched_pages_total", help, {{"cause", name}, {"outcome", "used"}},
                             [&l1, cause] { return number(l1.prefetch_outcomes(cause).used); });
    metrics.counter_function("seekfs_prefetched_pages_total", help, {{"cause", name}, {"outcome", "unused"}},
                             [&l1, cause] { return number(l1.prefetch_outcomes(cause).unused); });
  }
  if (l2.enabled()) {
    metrics.gauge_function("seekfs_cache_bytes", held, {{"tier", "l2"}}, [&] { return number(l2.stats().bytes); });
    metrics.gauge_function("seekfs_cache_capacity_bytes", capacity, {{"tier", "l2"}},
                           [&] { return number(l2.stats().capacity_bytes); });
    metrics.counter_function("seekfs_l2_evicted_pages_total", "Pages that L2 evicted.", {},
                             [&] { return number(l2.stats().evicted_pages); });
    metrics.counter_function("seekfs_l2_written_bytes_total", "Bytes written to L2.", {},
                             [&] { return number(l2.stats().written_bytes); });
  }
  for (const auto use : {cache::MemoryUse::pages, cache::MemoryUse::replies, cache::MemoryUse::manifests}) {
    metrics.gauge_function("seekfs_memory_budget_bytes", "Bytes reserved in the memory budget, by use.",
                           {{"use", std::string(to_string(use))}}, [&memory, use] { return number(memory.used(use)); });
  }
}

}  // namespace seekfs::app
