// Opening what a store left behind: which segments there are, and an index that matches them.
#pragma once

#include <memory>
#include <vector>

#include "base/log.h"
#include "segmentstore/page_index.h"
#include "segmentstore/segment_table.h"
#include "segmentstore/store_directory.h"

namespace seekfs::segmentstore {

struct RecoveryParts {
  StoreDirectory& directory;
  PageIndex& index;
  SegmentTable& table;
  std::shared_ptr<DiskUse> use;
  std::vector<SegmentRef>& unsynced;  ///< gets the segments that no checkpoint has synced: a kill left them so
  Logger& log;
};

/// Fills `index` and `table`, both empty, from the directory. Saved entries of segments that are sealed and end in
/// their footer are taken as they are; newer segments are replayed from their footers, and those that have none, or
/// another's, from their records; the torn end of such a one is cut and it is sealed. A segment file without a record
/// of its own is removed. Gives the highest number that a segment has or had. Errors: those of the file system.
Result<SegmentNumber> recover(const RecoveryParts& parts);

}  // namespace seekfs::segmentstore
