// Indexes over a loaded manifest.
#include "publish/snapshot.h"

#include <algorithm>
#include <utility>

namespace seekfs::publish {

bool same_content(const manifest::FileEntry& a, const manifest::FileEntry& b) {
  return a.size == b.size && a.hash == b.hash;
}

// The maps point into the vector's elements, which stay where they are when the vector is moved.
Snapshot::Snapshot(Head head, manifest::Manifest manifest) : head_(std::move(head)), manifest_(std::move(manifest)) {
  for (const manifest::FileEntry& file : manifest_.files) {
    if (file.hash.algorithm == "sha256") by_hash_.emplace(file.hash.hex, &file);
    by_key_.emplace(file.storage.key, &file);
  }
}

Result<Snapshot> Snapshot::load(objectstore::ObjectStore& store, const std::string& ns) {
  SEEKFS_ASSIGN(std::optional<Head> head, read_head(store, ns));
  if (!head) return Snapshot();
  SEEKFS_ASSIGN(manifest::Manifest manifest, load_manifest(store, ns, head->version));
  return Snapshot(std::move(*head), std::move(manifest));
}

const manifest::FileEntry* Snapshot::find(std::string_view path) const {
  const auto found = std::ranges::lower_bound(manifest_.files, path, {}, &manifest::FileEntry::path);
  return found != manifest_.files.end() && found->path == path ? &*found : nullptr;
}

const manifest::FileEntry* Snapshot::find_content(const Sha256Digest& hash, std::uint64_t size) const {
  const auto found = by_hash_.find(hash.hex());
  return found != by_hash_.end() && found->second->size == size ? found->second : nullptr;
}

bool Snapshot::references(const manifest::Storage& storage) const {
  const auto found = by_key_.find(storage.key);
  return found != by_key_.end() && found->second->storage.etag == storage.etag &&
         found->second->storage.version_id == storage.version_id;
}

}  // namespace seekfs::publish
