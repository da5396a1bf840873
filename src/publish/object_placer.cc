// Reuse, revival and upload of content objects.
#include "publish/object_placer.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "async/sync_wait.h"
#include "publish/local_content.h"
#include "publish/namespace_state.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

/// How often a put may find that somebody else was faster before that is an error.
constexpr int max_put_attempts = 5;

}  // namespace

ObjectPlacer::ObjectPlacer(const Parts& parts, const PublishRequest& request, RevivalMarker& marker)
    : parts_(parts), request_(request), marker_(marker) {}

bool ObjectPlacer::claim(const std::string& key) {
  MutexLock lock(mutex_);
  manifest::Storage storage;
  storage.key = key;
  return objects_.emplace(key, std::move(storage)).second;
}

void ObjectPlacer::settle(const std::string& key, std::string etag, std::optional<std::string> version_id) {
  MutexLock lock(mutex_);
  manifest::Storage& storage = objects_[key];
  storage.etag = std::move(etag);
  storage.version_id = std::move(version_id);
}

manifest::Storage ObjectPlacer::storage(const std::string& key) const {
  MutexLock lock(mutex_);
  return objects_.at(key);
}

bool ObjectPlacer::is_placed(const std::string& key) const {
  MutexLock lock(mutex_);
  return objects_.contains(key);
}

Result<ObjectPlacer::Outcome> ObjectPlacer::ensure(const std::string& key, const SourceFile& file,
                                                   const Sha256Digest& hash, bool repair) {
  if (!claim(key)) return Outcome::left_to_another;
  for (int attempt = 0; attempt < max_put_attempts; ++attempt) {
    SEEKFS_ASSIGN(Found found, look_up(key, file.size));
    if (found.usable && !repair) {
      settle(key, std::move(found.info->etag), std::move(found.info->version_id));
      return Outcome::reused;
    }
    if (request_.dry_run) return Outcome::uploaded;
    SEEKFS_ASSIGN(const bool uploaded, upload(key, file, hash, found));
    if (uploaded) return Outcome::uploaded;
    // Whoever was faster put the same content: the key is its hash.
    repair = false;
  }
  return fail(ErrorCode::conflict, fmt::format("{} keeps being changed by somebody else; publish again", key));
}

Result<ObjectPlacer::Found> ObjectPlacer::look_up(const std::string& key, std::uint64_t size) {
  Found found;
  SEEKFS_ASSIGN(found.info, head_if_present(parts_.store, key));
  if (!found.info || found.info->size != size) return found;
  SEEKFS_ASSIGN(found.usable, is_young(*found.info));
  if (found.usable || request_.dry_run) return found;
  return revive(key);
}

Result<ObjectPlacer::Found> ObjectPlacer::revive(const std::string& key) {
  MutexLock lock(revival_mutex_);
  SEEKFS_TRY(marker_.announce());
  Found found;
  // Again: a gc may have deleted it before it could see the marker.
  SEEKFS_ASSIGN(found.info, head_if_present(parts_.store, key));
  if (!found.info) return found;
  SEEKFS_ASSIGN(found.usable, is_named(key));
  return found;
}

Result<bool> ObjectPlacer::is_named(const std::string& key) {
  if (!named_) {
    std::unordered_set<std::string> named;
    SEEKFS_ASSIGN(const std::vector<ManifestObject> manifests, list_manifests(parts_.store, request_.ns));
    for (const ManifestObject& object : manifests) {
      SEEKFS_ASSIGN(manifest::Manifest manifest, load_manifest(parts_.store, request_.ns, object.version));
      for (manifest::FileEntry& file : manifest.files) named.insert(std::move(file.storage.key));
    }
    named_ = std::move(named);
  }
  return named_->contains(key);
}

Result<bool> ObjectPlacer::is_young(const objectstore::ObjectInfo& object) {
  MutexLock lock(revival_mutex_);
  if (!clock_offset_) {
    auto store_now = parts_.clock.wall_now();
    // A dry run writes nothing, not even what tells the store's time; its count may then be off by the clocks' offset.
    if (!request_.dry_run) {
      SEEKFS_ASSIGN(store_now, store_time(parts_.store, request_.ns));
    }
    clock_offset_ = store_now - parts_.clock.wall_now();
  }
  return parts_.clock.wall_now() + *clock_offset_ - object.modified < request_.gc_min_age / 2;
}

Result<bool> ObjectPlacer::upload(const std::string& key, const SourceFile& file, const Sha256Digest& hash,
                                  const Found& found) {
  SEEKFS_ASSIGN(std::unique_ptr<env::File> content, open_source(parts_.files, file));
  CheckedSource body(std::move(content), file, hash);
  objectstore::PutOptions conditions;
  conditions.flushed_later = true;
  // Two publishers may upload the same content: the second must not give the first one's object another ETag.
  if (!request_.unsafe_no_conditional_put) {
    conditions.if_none_match = !found.info;
    if (found.info) conditions.if_match = found.info->etag;
  }
  auto put = async::sync_wait(parts_.store.put(key, body, std::move(conditions), publish_options));
  if (put) {
    settle(key, std::move(put->etag), std::move(put->version_id));
    return true;
  }
  const ErrorCode code = put.error().code;
  if (code == ErrorCode::precondition_failed || (found.info && code == ErrorCode::not_found)) return false;
  return std::unexpected<Error>(std::move(put).error());
}

}  // namespace seekfs::publish
