// The reader's metric handles.
#pragma once

#include "base/metrics.h"
#include "fetch/fetch_metrics.h"
#include "fetch/page_request.h"

namespace seekfs::reader {

struct ReadMetrics {
  explicit ReadMetrics(MetricsRegistry& metrics)
      : l1_hit(metrics.counter(fetch::FetchMetrics::cache_requests, fetch::FetchMetrics::cache_help,
                               {{"tier", "l1"}, {"result", "hit"}})),
        l1_miss(metrics.counter(fetch::FetchMetrics::cache_requests, fetch::FetchMetrics::cache_help,
                                {{"tier", "l1"}, {"result", "miss"}})),
        served_l1(metrics.counter(served_bytes, served_help, {{"source", "l1"}})),
        served_l2(metrics.counter(served_bytes, served_help, {{"source", "l2"}})),
        served_origin(metrics.counter(served_bytes, served_help, {{"source", "origin"}})) {}

  Counter& served(fetch::PageTier tier) {
    switch (tier) {
      case fetch::PageTier::l1: return served_l1;
      case fetch::PageTier::l2: return served_l2;
      case fetch::PageTier::origin: return served_origin;
    }
    return served_origin;
  }

  static constexpr const char* served_bytes = "seekfs_served_bytes_total";
  static constexpr const char* served_help = "Bytes given to readers, by the tier that they came from.";

  Counter& l1_hit;
  Counter& l1_miss;
  Counter& served_l1;
  Counter& served_l2;
  Counter& served_origin;
};

}  // namespace seekfs::reader
