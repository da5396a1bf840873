// What the manifest cache knows of one namespace.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"
#include "env/clock.h"
#include "manifest/compact.h"
#include "reader/slot_shared.h"

namespace seekfs::reader {

/// A loaded manifest and when it was last asked for.
struct LoadedVersion {
  explicit LoadedVersion(std::shared_ptr<const manifest::CompactManifest> loaded, env::TimePoint now)
      : manifest(std::move(loaded)), last_used(now.time_since_epoch().count()) {}
  std::shared_ptr<const manifest::CompactManifest> manifest;
  mutable std::atomic<env::TimePoint::rep> last_used;

  void touch(env::TimePoint now) const noexcept {
    last_used.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  }
};

/// Versions by number. Immutable: a change makes a new map.
using VersionMap = std::map<std::uint64_t, std::shared_ptr<const LoadedVersion>>;

struct NamespaceState {
  explicit NamespaceState(std::string name) : ns(std::make_shared<const std::string>(std::move(name))) {}

  const std::shared_ptr<const std::string> ns;

  // Read on every hit, without a common lock.
  SlotShared<const LoadedVersion> current;           ///< the newest good version; null before the first
  SlotShared<const VersionMap> pinned;               ///< other versions that were asked for by number
  std::atomic<env::TimePoint::rep> head_checked{0};  ///< when HEAD was last read, or its local copy taken
  std::atomic<env::TimePoint::rep> next_check{0};    ///< when it is due again

  // Touched only when something is loaded.
  Mutex mutex;
  bool refreshing SEEKFS_GUARDED_BY(mutex) = false;
  std::vector<async::Promise<void>> refresh_waiters SEEKFS_GUARDED_BY(mutex);
  /// Versions asked for by number that are on their way, and who waits for each.
  std::map<std::uint64_t, std::vector<async::Promise<std::shared_ptr<const LoadedVersion>>>> loading
      SEEKFS_GUARDED_BY(mutex);
  std::optional<Error> problem SEEKFS_GUARDED_BY(mutex);  ///< why the last refresh failed; nothing when it succeeded
  bool tried_local SEEKFS_GUARDED_BY(mutex) = false;
  env::TimePoint next_reload SEEKFS_GUARDED_BY(mutex);  ///< when HEAD may be read again because an object has changed
};

}  // namespace seekfs::reader
