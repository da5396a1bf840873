// The ReadService of the daemon: manifests from ManifestCache, pages from L1 and the fetcher.
#pragma once

#include <memory>

#include "reader/cache_control.h"
#include "reader/manifest_cache.h"
#include "reader/page_stream.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// What the service works with; all outlive it.
struct ReadServiceParts {
  ManifestCache& manifests;
  cache::PageCache& l1;
  cache::MemoryBudget& memory;
  fetch::PageFetcher& fetcher;
  async::Timers& timers;
  async::Reactor& background;  ///< where what is fetched ahead is read from L2
  MetricsRegistry& metrics;
  const CacheControl* caches = nullptr;  ///< tells what is degraded in the tiers; may be null
};

std::unique_ptr<ReadService> make_cached_read_service(ReadServiceParts parts, PageStreamOptions options,
                                                      ReadAheadPolicy read_ahead);

}  // namespace seekfs::reader
