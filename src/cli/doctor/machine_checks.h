// The checks of `seekfs-ctl doctor` that look at this machine: directories, space, limits. Nothing is written.
#pragma once

#include "app/config/config.h"
#include "cli/doctor/finding.h"
#include "env/clock.h"
#include "env/file.h"
#include "objectstore/object_store.h"

namespace seekfs::cli {

/// The directory of an fs store: its file system, its free space, and whether the store takes it for one.
Finding check_store_directory(const std::string& path, env::FileSystem& files, objectstore::ObjectStore& store,
                              const env::Clock& clock);

/// What a daemon of this configuration and this user would find: cache, manifests, descriptors. Errors are those of
/// `sink`.
Status check_machine(const app::Config& config, env::FileSystem& files, const FindingSink& sink);

}  // namespace seekfs::cli
