// Names of the fs store: which keys are files, and where its own files lie below the root.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "env/file.h"

namespace seekfs::objectstore {

inline constexpr std::string_view fs_private_folder = ".seekfs";
inline constexpr const char* fs_lock_file = ".seekfs/lock";
inline constexpr const char* fs_temporary_folder = ".seekfs/tmp";

/// Whether `name` can be one segment of a key.
Status check_fs_segment(std::string_view name);
/// Whether `key` can be an object of an fs store; `invalid` with the reason.
Status check_fs_key(std::string_view key);

/// Opens the root; `transient` when it is not there.
Result<std::unique_ptr<env::Directory>> open_fs_root(env::FileSystem& files, const std::string& root);

/// `transient` when the directory is empty, without even .seekfs: the mount point of a disk that is away. Called before
/// an absence is reported and before .seekfs is created, so that an object that is there costs nothing.
Status check_fs_root_present(env::Directory& directory, const std::string& root);

}  // namespace seekfs::objectstore
