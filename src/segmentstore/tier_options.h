// What the L2 on disk is built from: its settings, and the parts of the program that it uses.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "async/timers.h"
#include "base/log.h"
#include "base/metrics.h"
#include "env/file.h"
#include "env/random.h"
#include "segmentstore/segment_store.h"

namespace seekfs::segmentstore {

struct TierOptions {
  std::vector<StoreOptions> disks;                ///< at least one; a page's directory follows from its key
  std::size_t read_threads = 4;                   ///< a directory; for reads that the page cache does not answer
  std::uint64_t queue_bytes = 64U << 20U;         ///< pages that wait to be written, a directory; more are dropped
  std::chrono::milliseconds read_deadline{5000};  ///< then the read is a miss and counts as an error
  std::chrono::milliseconds checkpoint_interval{1000};
  std::uint64_t checkpoint_bytes = 256U << 20U;
  /// What eviction ahead of need and compaction move beside traffic; above 0.
  std::uint64_t upkeep_bytes_per_second = 64U << 20U;
  std::uint32_t errors_to_close = 3;            ///< errors in a row that switch a directory off
  std::chrono::milliseconds first_retry{1000};  ///< then doubled up to last_retry
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

/// How a directory is opened: SegmentStore::open, or a test's own. Called by the directory's writer thread.
using StoreOpener = std::function<Result<std::unique_ptr<SegmentStore>>(StoreParts, StoreOptions)>;

}  // namespace seekfs::segmentstore
