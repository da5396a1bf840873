// Gauges of what the cache tiers and the memory budget hold.
#pragma once

#include "base/metrics.h"
#include "cache/memory_budget.h"
#include "cache/page_cache.h"
#include "l2/l2.h"

namespace seekfs::app {

/// All arguments outlive the registry's last scrape.
void add_tier_metrics(MetricsRegistry& metrics, const cache::PageCache& l1, const l2::L2& l2,
                      const cache::MemoryBudget& memory);

}  // namespace seekfs::app
