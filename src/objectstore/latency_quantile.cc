// The ring of latencies and the selection of their 95th percentile.
#include "objectstore/latency_quantile.h"

#include <algorithm>

namespace seekfs::objectstore {

void LatencyQuantile::observe(env::Duration latency) {
  values_[seen_ % window] = latency;
  ++seen_;
  if (seen_ < least || seen_ % refresh != 0) return;
  std::array<env::Duration, window> sorted = values_;
  const std::size_t count = std::min(seen_, window);
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(count * 95 / 100);
  std::nth_element(sorted.begin(), at, sorted.begin() + static_cast<std::ptrdiff_t>(count));
  p95_ = *at;
}

}  // namespace seekfs::objectstore
