// File keys that were made a moment ago: a hit should not pay for the hash that names its file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reader/read_service.h"

namespace seekfs::reader {

/// Remembers the keys of the files asked for last, one in each of `places` places; another file of the same place takes
/// it over. Belongs to one thread. Takes about 48 bytes a place, from the first look-up on.
class FileKeyCache {
 public:
  explicit FileKeyCache(std::size_t places = 1024) : places_(places) {}

  /// The file's key: make_file_key() of its namespace, path and hash. Allocates nothing but at the first call and where
  /// a longer path than before is hashed.
  const manifest::FileKey& get(const FileRef& file);

 private:
  struct Entry {
    std::uint64_t manifest = 0;  ///< CompactManifest::instance(); 0: empty
    manifest::FileIndex index = 0;
    manifest::FileKey key;
  };

  std::size_t places_;
  std::vector<Entry> entries_;
  std::string path_;
  std::string hash_;
};

}  // namespace seekfs::reader
