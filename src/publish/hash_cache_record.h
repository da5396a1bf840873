// One record of the hash cache's file, to and from bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "publish/hash_cache.h"

namespace seekfs::publish {

inline constexpr std::string_view hash_cache_magic = "seekfs-hash-cache/1\n";

struct HashCacheRecord {
  std::string path;
  FileState state;
  HashedContent content;
};

void append_hash_cache_record(std::string& out, std::string_view path, const FileState& state,
                              const HashedContent& content);
/// Takes the first record off `bytes`; nothing when it is cut short or damaged.
std::optional<HashCacheRecord> take_hash_cache_record(std::string_view& bytes);

}  // namespace seekfs::publish
