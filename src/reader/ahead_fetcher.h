// Read-ahead across requests: tells the pure ReadAhead of reads, and asks the fetcher for what it wants.
#pragma once

#include "async/reactor.h"
#include "base/mutex.h"
#include "cache/page_cache.h"
#include "fetch/page_fetcher.h"
#include "fetch/usefulness.h"
#include "reader/page_reader.h"
#include "reader/read_ahead.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// To be told only of reads that found pages missing, or were the first use of pages that were fetched ahead: hits in a
/// warm cache have nothing to do with it. Thread-safe.
class AheadFetcher {
 public:
  /// `fetcher` and `l1` outlive it; reads of L2 run on `background`, which runs until the fetcher has been shut down.
  AheadFetcher(fetch::PageFetcher& fetcher, const cache::PageCache& l1, async::Reactor& background,
               ReadAheadPolicy policy)
      : fetcher_(fetcher), l1_(l1), background_(background), policy_(policy), ahead_(policy) {}

  /// [off, off + len) of `file` is being read, len > 0; what it misses has been asked for. `reader` is the file's.
  /// `lost`: as ReadNote has it. Never waits.
  void on_read(const FileRef& file, PageReader& reader, std::uint64_t off, std::uint64_t len, bool lost);

 private:
  bool is_start_trusted();

  fetch::PageFetcher& fetcher_;
  const cache::PageCache& l1_;
  async::Reactor& background_;
  const ReadAheadPolicy policy_;
  fetch::Usefulness usefulness_{1.0};  ///< of what was prefetched
  Mutex mutex_;
  ReadAhead ahead_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::reader
