// L1: verified pages in RAM, evicted by S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP
// 2023): a scan passes through the small queue and leaves what is used again alone. Namespaces share it fairly.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/page.h"
#include "cache/page_cause.h"
#include "manifest/page_key.h"

namespace seekfs::cache {

class MemoryBudget;

struct PageCacheStats {
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;  ///< charge of the pages held
  std::uint64_t evicted = 0;
};

/// What became of pages that no reader had asked for by the time they were here, since the start.
struct PrefetchOutcomes {
  std::uint64_t used = 0;    ///< read while they were here
  std::uint64_t unused = 0;  ///< evicted before anybody read them
};

/// Whose page it is, and why it is here.
struct PageOrigin {
  std::string_view ns;                  ///< of the file; shares of the capacity are by namespace
  PageCause cause = PageCause::demand;  ///< demand also when a reader has joined it on its way
};

/// 64 shards, each with a short mutex; a hit takes one of them and allocates nothing. Thread-safe. Besides the pages
/// themselves an entry costs about 90 bytes (page_cache_bench prints it), which the capacity does not count.
///
/// Each namespace that is being read may hold an equal share of the capacity, and what others leave of theirs; the one
/// that holds most gives way first (cache/tenants.h).
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
  /// The same; sets `first_use` when nobody had asked for the page before, else leaves it as it is.
  PageRef get(const manifest::PageKey& key, bool& first_use) noexcept;
  /// As get, without counting as a use.
  bool contains(const manifest::PageKey& key) const noexcept;
  /// Keeps a verified page; one larger than the capacity is not kept, an existing entry stays, and a page for which
  /// concurrent puts leave no room is dropped.
  void put(const manifest::PageKey& key, PageRef page, PageOrigin origin = {});
  void remove(const manifest::PageKey& key);
  /// Evicts until about `bytes` were freed or nothing is left. Pages that somebody else still holds are evicted too but
  /// do not count: their memory comes back later.
  void shrink(std::uint64_t bytes);

  std::uint64_t capacity() const noexcept;
  PageCacheStats stats() const;
  /// `cause` is not demand. Takes no lock.
  PrefetchOutcomes prefetch_outcomes(PageCause cause) const noexcept;
  /// What a namespace holds, in bytes; 0 for the few that share an account when very many hold pages.
  std::uint64_t bytes_of(std::string_view ns) const;
  /// What the cache's own tables take now, in bytes.
  std::uint64_t overhead_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace seekfs::cache
