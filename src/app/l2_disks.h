// The directories of a cache on disk as the configuration means them: what "auto" and shares come to on this machine.
#pragma once

#include <vector>

#include "app/config/config.h"
#include "base/error.h"
#include "env/file.h"
#include "segmentstore/segment_store.h"

namespace seekfs::app {

/// One entry a directory of cache.l2.segment_path, in its order; they need not exist yet. "auto" is 80 % of what is
/// free on the directory's file system plus what the cache holds there already; directories on one file system share
/// it. Errors: `invalid` when "auto" comes to too little and for a network file system, and what the system says of the
/// directory.
Result<std::vector<segmentstore::StoreOptions>> l2_disks(const L2Config& config, env::FileSystem& files);

}  // namespace seekfs::app
