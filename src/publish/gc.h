// Garbage collection: deletes versions that no rule keeps, and objects that no kept version reaches.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "publish/parts.h"

namespace seekfs::publish {

struct GcRequest {
  std::string ns;
  std::uint64_t keep_last = 10;  ///< versions with the highest numbers; at least 1
  std::chrono::milliseconds keep_within = std::chrono::hours(24 * 30);
  std::chrono::milliseconds min_age = std::chrono::hours(24 * 7);  ///< publish must be told the same
  bool remove = false;  ///< false: a dry run, which writes nothing but the probe that tells the store's time
};

struct GcReport {
  bool dry_run = true;
  std::vector<std::uint64_t> kept_versions;     ///< ascending
  std::vector<std::uint64_t> dropped_versions;  ///< ascending; removed unless dry_run
  std::uint64_t kept_objects = 0;               ///< reached by a kept version
  std::uint64_t young_objects = 0;              ///< not reached, but younger than min_age
  std::uint64_t garbage_objects = 0;
  std::uint64_t garbage_bytes = 0;
  std::uint64_t removed_objects = 0;
  std::uint64_t removed_bytes = 0;
};

/// Told of each object and manifest that is garbage, before it is removed. Called from the thread of run().
class GcObserver {
 public:
  virtual ~GcObserver() = default;
  virtual void on_garbage(std::string_view key, std::uint64_t size) = 0;
};
GcObserver& null_gc_observer();

/// Keeps HEAD's version, the `keep_last` highest numbers, and every version whose manifest is younger than
/// `keep_within` or `min_age`; with them every object that they name. Of the rest only keys of the forms that publish
/// writes are touched, and of those only what is older than `min_age`. All ages are by the store's own clock, read off
/// a small object that is written for it. Order: mark; read HEAD and the list of manifests again and mark what is new;
/// remove dropped manifests; read HEAD once more; remove each object after a last look at its age, many at once. The
/// highest number is always kept, so that numbering goes on.
class GarbageCollector {
 public:
  explicit GarbageCollector(Parts parts) : parts_(parts) {}
  /// Errors: bad_request, no_such_namespace, unsupported_manifest or corrupt naming the manifest that cannot be read
  /// (nothing is removed then), conflict (a publish is bringing back old objects, or HEAD moved to a version that was
  /// just dropped: run again later), and what the store says.
  Result<GcReport> run(const GcRequest& request, GcObserver& observer = null_gc_observer());

 private:
  Parts parts_;
};

}  // namespace seekfs::publish
