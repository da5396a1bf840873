// L1: verified pages in RAM, evicted by S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP
// 2023): a scan passes through the small queue and leaves what is used again alone.
#pragma once

#include <cstdint>
#include <memory>

#include "base/page.h"
#include "manifest/page_key.h"

namespace seekfs::cache {

class MemoryBudget;

struct PageCacheStats {
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;  ///< charge of the pages held
  std::uint64_t evicted = 0;
};

/// 64 shards, each with a short mutex; a hit takes one of them and allocates nothing. Thread-safe. Besides the pages
/// themselves an entry costs about 90 bytes (page_cache_bench prints it), which the capacity does not count.
class PageCache {
 public:
  /// `capacity_bytes`: what the cached pages may take together (MutablePage::charge each); never exceeded.
  explicit PageCache(std::uint64_t capacity_bytes);
  /// The same, for pages whose memory is reserved in `budget`, which must outlive the cache: becomes its reclaimer, and
  /// tells it of new pages as long as somebody waits for memory. Nobody may reserve while the cache is destroyed.
  PageCache(std::uint64_t capacity_bytes, MemoryBudget& budget);
  ~PageCache();

  /// The page, or an empty PageRef.
  PageRef get(const manifest::PageKey& key) noexcept;
  /// As get, without counting as a use.
  bool contains(const manifest::PageKey& key) const noexcept;
  /// Keeps a verified page; one larger than the capacity is not kept, an existing entry stays, and a page for which
  /// concurrent puts leave no room is dropped.
  void put(const manifest::PageKey& key, PageRef page);
  void remove(const manifest::PageKey& key);
  /// Evicts until about `bytes` were freed or nothing is left. Pages that somebody else still holds are evicted too but
  /// do not count: their memory comes back later.
  void shrink(std::uint64_t bytes);

  std::uint64_t capacity() const noexcept;
  PageCacheStats stats() const;
  /// What the cache's own tables take now, in bytes.
  std::uint64_t overhead_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace seekfs::cache
