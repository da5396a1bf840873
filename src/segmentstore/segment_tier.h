// The L2 on disk: one segment store a directory, each with threads of its own, switched off while its disk fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "async/timers.h"
#include "base/log.h"
#include "base/metrics.h"
#include "env/file.h"
#include "env/random.h"
#include "l2/l2.h"
#include "l2/l2_admin.h"
#include "segmentstore/segment_store.h"

namespace seekfs::segmentstore {

struct TierOptions {
  std::vector<StoreOptions> disks;                ///< at least one; a page's directory follows from its key
  std::size_t read_threads = 4;                   ///< a directory; for reads that the page cache does not answer
  std::uint64_t queue_bytes = 64U << 20U;         ///< pages that wait to be written, a directory; more are dropped
  std::chrono::milliseconds read_deadline{5000};  ///< then the read is a miss and counts as an error
  std::chrono::milliseconds checkpoint_interval{1000};
  std::uint64_t checkpoint_bytes = 256U << 20U;
  std::uint64_t upkeep_bytes_per_second = 64U
                                          << 20U;  ///< what eviction ahead of need and compaction move beside traffic
  std::uint32_t errors_to_close = 3;               ///< errors in a row that switch a directory off
  std::chrono::milliseconds first_retry{1000};     ///< then doubled up to last_retry
  std::chrono::milliseconds last_retry{60000};
};

/// All outlive the tier.
struct TierParts {
  env::FileSystem& files;
  env::Random& random;
  async::Timers& timers;
  MetricsRegistry& metrics;  ///< gets seekfs_l2_up{disk}, seekfs_segment_bytes and the like
  Logger& log;
};

/// A directory whose disk fails is switched off (an error in the log, seekfs_l2_up 0): its pages are misses and its
/// puts are dropped. It is opened again later, without a restart. The others are not touched by that.
class SegmentTier : public l2::L2, public l2::L2Admin {
 public:
  /// Opens every directory. One whose disk fails starts switched off; those that a person has to mend are an Error:
  /// `denied`, `conflict` (belongs to another daemon), `invalid` (a network file system, too small, given twice).
  static Result<std::unique_ptr<SegmentTier>> open(const TierParts& parts, TierOptions options);

  /// Writes what was offered, checkpoints and closes. No get() may be under way.
  ~SegmentTier() override = default;

  /// Returns when all that was offered before is written or dropped: for tests and benchmarks.
  virtual void flush() = 0;
};

}  // namespace seekfs::segmentstore
