// The store's side of a publish: which objects are there already, which may be used, and uploading the rest, each once.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/mutex.h"
#include "manifest/model.h"
#include "publish/gc_fence.h"
#include "publish/publisher.h"
#include "publish/source_scan.h"

namespace seekfs::publish {

/// Thread-safe. All arguments outlive it.
///
/// An object that is there may be used when it is so young that gc will leave it alone until this publish is done. An
/// older one is only there by chance: gc may be about to delete it. Then gc is kept out (gc_fence.h); the object is
/// used as it is when some version names it, since writing it anew could change the ETag that this version recorded,
/// and is put again when none does.
class ObjectPlacer {
 public:
  ObjectPlacer(const Parts& parts, const PublishRequest& request, RevivalMarker& marker);

  enum class Outcome : std::uint8_t { uploaded, reused, left_to_another };
  /// Makes sure that the object `key` holds the content of `file`, whose hash is `hash`. left_to_another: some other
  /// call has seen to the same key or is about to. With `repair` an object that is there already is put again. In a dry
  /// run nothing is put. source_changed when the file no longer has that hash.
  Result<Outcome> ensure(const std::string& key, const SourceFile& file, const Sha256Digest& hash, bool repair);

  /// Where `key` lies, once every call of ensure() has succeeded.
  manifest::Storage storage(const std::string& key) const;
  /// Whether ensure() put the object or found it young.
  bool is_placed(const std::string& key) const;

 private:
  struct Found {
    bool usable = false;
    std::optional<objectstore::ObjectInfo> info;
  };

  bool claim(const std::string& key);
  void settle(const std::string& key, std::string etag, std::optional<std::string> version_id);
  Result<Found> look_up(const std::string& key, std::uint64_t size);
  Result<Found> revive(const std::string& key);
  Result<bool> is_named(const std::string& key) SEEKFS_REQUIRES(revival_mutex_);
  Result<bool> is_young(const objectstore::ObjectInfo& object);
  /// False when somebody else changed the object first.
  Result<bool> upload(const std::string& key, const SourceFile& file, const Sha256Digest& hash, const Found& found);

  const Parts& parts_;
  const PublishRequest& request_;

  /// Held while asking whether old objects may be used: the marker, the names and the store's time are fetched once.
  Mutex revival_mutex_;
  RevivalMarker& marker_ SEEKFS_GUARDED_BY(revival_mutex_);
  std::optional<std::unordered_set<std::string>> named_ SEEKFS_GUARDED_BY(revival_mutex_);
  /// The store's clock less ours.
  std::optional<std::chrono::system_clock::duration> clock_offset_ SEEKFS_GUARDED_BY(revival_mutex_);

  mutable Mutex mutex_;
  std::unordered_map<std::string, manifest::Storage> objects_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::publish
