// Hints: what clients say that they will read is fetched into the caches in that order, behind all demand.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/reactor.h"
#include "async/timers.h"
#include "base/metrics.h"
#include "cache/memory_budget.h"
#include "cache/page_cache.h"
#include "env/random.h"
#include "fetch/page_fetcher.h"
#include "l2/l2.h"
#include "reader/hint.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// What prefetching works with; all outlive it.
struct HintsParts {
  cache::PageCache& l1;
  l2::L2& l2;
  cache::MemoryBudget& memory;
  fetch::PageFetcher& fetcher;
  async::Timers& timers;
  async::Reactor& background;  ///< where hints are walked and L2 is read
  env::Random& random;
  MetricsRegistry& metrics;
};

struct HintsOptions {
  std::chrono::milliseconds ttl{600'000};         ///< of a hint that names none
  std::chrono::milliseconds max_ttl{86'400'000};  ///< a longer one is refused
  std::size_t max_active = 64;                    ///< hints whose prefetch has not ended
  std::size_t max_records = 1024;                 ///< with those that have ended; the oldest of these give way
  std::size_t max_items = 65'536;                 ///< windows and ranges of one hint
  std::uint64_t max_list_bytes = 64U << 20U;      ///< what the lists of all hints may take in RAM
  std::uint64_t window_bytes = 64U << 20U;        ///< pages on their way; an eighth of the node's memory at most
  std::size_t window_pages = 1024;
  std::uint32_t l1_share_percent =
      50;  ///< what the pages of known hints may take of L1; past that they go into L2 only
};

/// Pages go the one way of a miss, with the purpose `prefetch`, in memory that is only tried for. A page that is in a
/// cache is not fetched; one of L2 is brought into L1 while the share lasts. Without L2 a hint stops at the share of
/// L1, with L2 when it has fetched what L2 can hold, so that it never drives out its own pages. Failures of the origin
/// pause all hints (1 s to 30 s, or as long as the origin asks), then single pages probe. Thread-safe.
class Hints {
 public:
  Hints(HintsParts parts, HintsOptions options = {});
  /// As shutdown().
  ~Hints();

  /// Takes a hint for a version; its prefetch starts in the background. Errors: bad_request (priority or TTL out of
  /// range, no items), too_large (items), throttled (as many hints or list bytes as may be; retry_after set), cancelled
  /// (shutting down).
  Result<HintStatus> add(HintRequest request, VersionRef version);
  /// not_found: no such hint, or it was forgotten.
  Result<HintStatus> find(std::string_view id) const;
  /// Ends the prefetch and forgets the hint; what it was. Pages whose GET is not sent are given up.
  Result<HintStatus> cancel(std::string_view id);

  /// No new hints; ends all prefetches and returns when nothing of them is running. The background reactor still runs.
  void shutdown();

  static constexpr std::uint64_t max_priority = 100;
  const HintsOptions& options() const noexcept;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace seekfs::reader
