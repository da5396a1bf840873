// The metric handles of prefetching.
#pragma once

#include "base/metrics.h"

namespace seekfs::reader {

struct HintMetrics {
  explicit HintMetrics(MetricsRegistry& metrics)
      : active(metrics.gauge("seekfs_hints_active", "Hints whose prefetch has not ended.")),
        fetched(metrics.counter(pages, pages_help, {{"result", "fetched"}})),
        cached(metrics.counter(pages, pages_help, {{"result", "cached"}})),
        failed(metrics.counter(pages, pages_help, {{"result", "failed"}})),
        fetched_bytes(metrics.counter("seekfs_prefetch_bytes_total", "Bytes of pages that prefetching fetched.")) {}

  static constexpr const char* pages = "seekfs_prefetch_pages_total";
  static constexpr const char* pages_help =
      "Pages that hints asked for: fetched from the store, found in a cache, or failed.";

  Gauge& active;
  Counter& fetched;
  Counter& cached;
  Counter& failed;
  Counter& fetched_bytes;
};

}  // namespace seekfs::reader
