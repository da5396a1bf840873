// Metrics that are asked of the stores at each scrape.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "segmentstore/store_slot.h"

namespace seekfs::segmentstore {

/// `slots` belong to `paths`, in order. The functions hold the slots, which are empty once their tier is gone.
void add_tier_gauges(MetricsRegistry& metrics, const std::vector<std::string>& paths,
                     const std::vector<std::shared_ptr<const StoreSlot>>& slots);

}  // namespace seekfs::segmentstore
