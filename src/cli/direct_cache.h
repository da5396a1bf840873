// What the two kinds of caches on disk share when they are opened without their daemon.
#pragma once

#include <memory>

#include "app/config/config.h"
#include "base/error.h"
#include "cli/cache_access.h"
#include "manifest/model.h"
#include "segmentstore/segment_store.h"

namespace seekfs::cli {

/// An error of a directory in words of this machine: it has nothing to do with the object store.
Error local_error(const app::L2Config& config, const Error& error);

/// The version's manifest, from the store.
Result<manifest::Manifest> load_version(Session& session, const PublishedName& name);

/// `config` outlives it, as `session` does; `disk` says which directory and how much it may take.
Result<std::unique_ptr<CacheAccess>> open_blobdb_directory(Session& session, const app::L2Config& config,
                                                           const segmentstore::StoreOptions& disk);

}  // namespace seekfs::cli
