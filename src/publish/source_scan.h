// Finding what a source holds: a walk over a directory, or a list of the store's keys. Reads no content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "publish/glob.h"
#include "publish/hash_cache.h"
#include "publish/publisher.h"

namespace seekfs::publish {

/// One file to publish: a local one or an object of the store.
struct SourceFile {
  std::string path;  ///< as published
  std::uint64_t size = 0;
  std::optional<std::int64_t> mtime;  ///< Unix seconds
  std::string local_path;             ///< absolute, no links in it; empty for an object
  FileState state;                    ///< of the local file
  std::string key;                    ///< of the object; empty for a local file
  std::string etag;                   ///< of the object
};

struct SourceList {
  std::vector<SourceFile> files;  ///< sorted by path, without duplicates
  SkippedFiles skipped;
  std::uint64_t bytes = 0;
};

/// Walks a directory or takes one file. All names that cannot be published (not UTF-8, too long, control characters,
/// links that are refused) are collected and named in one invalid_path error, max_named of them. not_found or denied
/// name the file or folder that cannot be read.
Result<SourceList> scan_local(env::FileSystem& files, const LocalSource& source, const PathFilter& filter);

/// Lists objects of the store. invalid_path names keys that make no path (with BadKeys::fail); not_found when there is
/// nothing at the prefix.
Result<SourceList> scan_store(objectstore::ObjectStore& store, const StoreSource& source, const PathFilter& filter);

}  // namespace seekfs::publish
