// A direct-mapped table.
#include "reader/file_key_cache.h"

namespace seekfs::reader {

const manifest::FileKey& FileKeyCache::get(const FileRef& file) {
  if (entries_.empty()) entries_.resize(places_);
  const manifest::CompactManifest& manifest = file.manifest();
  const std::uint64_t instance = manifest.instance();
  // Neighbouring files take neighbouring places, and those of another manifest begin elsewhere.
  const std::uint64_t spread = (instance * 0x9E3779B97F4A7C15U) >> 32U;
  Entry& entry = entries_[(spread + file.index()) % entries_.size()];
  if (entry.manifest == instance && entry.index == file.index()) return entry.key;
  manifest.path(file.index(), path_);
  manifest.hash_hex(file.index(), hash_);
  entry.key = manifest::make_file_key(file.ns(), path_, hash_);
  entry.manifest = instance;
  entry.index = file.index();
  return entry.key;
}

}  // namespace seekfs::reader
