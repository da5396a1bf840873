// One object of an fs store as an open file: its facts, its ETag, its bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/units.h"
#include "env/file.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// Up to this size the ETag is the content's hash.
inline constexpr std::uint64_t fs_hashed_size = 64 * KiB;

/// The ETag of a file of more than fs_hashed_size bytes.
std::string fs_etag_of(const env::FileInfo& facts);
/// The ETag of a smaller one.
std::string fs_etag_of(std::string_view content);

struct FsObject {
  std::unique_ptr<env::File> file;
  env::FileInfo facts;
  ObjectInfo info;
  std::optional<std::string> content;  ///< the whole of it, when it is small

  /// Whether the bytes read since the file was opened are those of the state that `info` describes: `transient` when
  /// not. A file that lost its last name (its object was replaced or removed) is unchanged.
  Status check_unchanged() const;
};

/// Opens the object. not_found also for a directory, a device, a socket, or a key below a file; `denied` for a key that
/// leads out of `root`. Blocks.
Result<FsObject> open_fs_object(env::Directory& root, const std::string& key);

}  // namespace seekfs::objectstore
