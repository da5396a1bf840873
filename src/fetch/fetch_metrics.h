// The fetcher's metric handles.
#pragma once

#include "base/metrics.h"

namespace seekfs::fetch {

struct FetchMetrics {
  explicit FetchMetrics(MetricsRegistry& metrics)
      : joined(metrics.counter("seekfs_singleflight_joined_total", "Reads that joined a page already on its way.")),
        raised(metrics.counter("seekfs_prefetch_raised_total",
                               "Prefetches that a reader asked for while they waited to be sent.")),
        coalesced_pages(
            metrics.counter("seekfs_coalesced_pages_total", "Pages that came in a GET with an earlier page.")),
        run_on_pages(metrics.counter("seekfs_run_on_pages_total",
                                     "Pages that GETs for readers ran on over though no reader had asked for them.")),
        far_behind(metrics.counter("seekfs_far_behind_total",
                                   "Pages fetched by themselves since the GET that brings them would take too long.")),
        l2_hit(metrics.counter(cache_requests, cache_help, {{"tier", "l2"}, {"result", "hit"}})),
        l2_miss(metrics.counter(cache_requests, cache_help, {{"tier", "l2"}, {"result", "miss"}})),
        crc_failures_l2(metrics.counter(crc_failures, crc_help, {{"where", "l2"}})),
        crc_failures_origin(metrics.counter(crc_failures, crc_help, {{"where", "origin"}})),
        source_changed(
            metrics.counter("seekfs_source_changed_total", "GETs that found another object than published.")) {}

  static constexpr const char* cache_requests = "seekfs_cache_requests_total";
  static constexpr const char* cache_help = "Pages asked of a cache tier, by result.";
  static constexpr const char* crc_failures = "seekfs_crc_failures_total";
  static constexpr const char* crc_help = "Pages whose bytes did not have the CRC32C of the manifest.";

  Counter& joined;
  Counter& raised;
  Counter& coalesced_pages;
  Counter& run_on_pages;
  Counter& far_behind;
  Counter& l2_hit;
  Counter& l2_miss;
  Counter& crc_failures_l2;
  Counter& crc_failures_origin;
  Counter& source_changed;
};

}  // namespace seekfs::fetch
