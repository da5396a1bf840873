// The L2 on disk: one segment store a directory, each with threads of its own, switched off while its disk fails.
#pragma once

#include <memory>

#include "base/error.h"
#include "l2/l2.h"
#include "l2/l2_admin.h"
#include "segmentstore/tier_options.h"

namespace seekfs::segmentstore {

/// A directory whose disk fails is switched off (an error in the log, seekfs_l2_up 0): its pages are misses and its
/// puts are dropped. It is opened again later, without a restart. The others are not touched by that.
///
/// compact() and drop_all() run on a directory's writer thread: pages that are offered meanwhile wait, and are dropped
/// once its queue is full. check() has a thread of its own. Reads go on beside all of them.
class SegmentTier : public l2::L2, public l2::L2Admin {
 public:
  /// Opens every directory, all at once. One whose disk fails starts switched off; those that a person has to mend are
  /// an Error: `denied`, `conflict` (belongs to another daemon), `invalid` (a network file system, too small, given
  /// twice, one inside another).
  static Result<std::unique_ptr<SegmentTier>> open(const TierParts& parts, TierOptions options);
  /// With an opener of the caller's.
  static Result<std::unique_ptr<SegmentTier>> open(const TierParts& parts, TierOptions options,
                                                   const StoreOpener& opener);

  /// Writes what was offered, checkpoints and closes, all directories at once. No get() may be under way. A read or a
  /// write that the kernel does not answer is waited for, since nothing can take it back; the other directories are
  /// closed by then.
  ~SegmentTier() override = default;

  /// Returns when all that was offered before is written or dropped: for tests and benchmarks.
  virtual void flush() = 0;
};

}  // namespace seekfs::segmentstore
