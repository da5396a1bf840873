// Mark, check again, delete: every doubt keeps the object.
#include "publish/gc.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>

#include "async/sync_wait.h"
#include "manifest/layout.h"
#include "manifest/path.h"
#include "publish/gc_fence.h"
#include "publish/in_flight.h"
#include "publish/namespace_state.h"
#include "publish/own_keys.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using std::chrono::system_clock;

class NullObserver final : public GcObserver {
 public:
  void on_garbage(std::string_view /*key*/, std::uint64_t /*size*/) override {}
};

/// How many objects are removed between two looks at whether the marker still counts: seconds of work.
constexpr std::size_t removed_under_one_look = 256;

struct Garbage {
  std::string key;
  std::uint64_t size;
};

/// The state of one run() call.
class Collection {
 public:
  Collection(const Parts& parts, const GcRequest& request, GcObserver& observer)
      : parts_(parts), request_(request), observer_(observer), marker_(parts, request.ns, request.min_age / 2) {}

  Result<GcReport> run() {
    report_.dry_run = !request_.remove;
    if (request_.remove) SEEKFS_TRY(marker_.acquire());
    SEEKFS_ASSIGN(store_now_, store_time(parts_.store, request_.ns));
    SEEKFS_TRY(mark());
    SEEKFS_ASSIGN(std::vector<Garbage> garbage, find_garbage());
    if (!request_.remove) {
      report(garbage);
      return std::move(report_);
    }
    // What was published while we listed is marked as well.
    SEEKFS_TRY(mark());
    SEEKFS_TRY(remove_versions());
    SEEKFS_TRY(check_head());
    std::erase_if(garbage, [this](const Garbage& object) { return marked_.contains(object.key); });
    report(garbage);
    SEEKFS_TRY(remove_objects(garbage));
    return std::move(report_);
  }

 private:
  /// Reads HEAD, then the list, so that a version that becomes HEAD between the two is in the list.
  Status mark() {
    SEEKFS_ASSIGN(const std::optional<Head> head, read_head(parts_.store, request_.ns));
    SEEKFS_ASSIGN(const std::vector<ManifestObject> manifests, list_manifests(parts_.store, request_.ns));
    if (!head && manifests.empty()) {
      return fail(ErrorCode::no_such_namespace,
                  fmt::format("there is no namespace '{}' in {}", request_.ns, parts_.store.description()));
    }
    report_.kept_versions.clear();
    report_.dropped_versions.clear();
    for (std::size_t i = 0; i < manifests.size(); ++i) {
      const bool is_head = head && head->version == manifests[i].version;
      const bool kept = is_head || manifests.size() - i <= request_.keep_last || is_recent(manifests[i].modified);
      (kept ? report_.kept_versions : report_.dropped_versions).push_back(manifests[i].version);
    }
    if (head && !std::ranges::binary_search(report_.kept_versions, head->version)) {
      return fail(ErrorCode::corrupt, fmt::format("HEAD of namespace '{}' names v-{}, whose manifest is missing; roll "
                                                  "back to a version that is there, then run gc",
                                                  request_.ns, head->version));
    }
    // Those to be dropped are read too: one that cannot be read may belong to a program that knows more than this one.
    for (const std::uint64_t version : report_.dropped_versions) SEEKFS_TRY(read(version, false));
    for (const std::uint64_t version : report_.kept_versions) SEEKFS_TRY(read(version, true));
    return {};
  }

  Status read(std::uint64_t version, bool kept) {
    const auto seen = read_versions_.find(version);
    if (seen != read_versions_.end() && (seen->second || !kept)) return {};
    SEEKFS_ASSIGN(manifest::Manifest manifest, load_manifest(parts_.store, request_.ns, version));
    for (manifest::FileEntry& file : manifest.files) {
      // An adopted object may have a key of our form; such a key is never ours to delete.
      if (kept || !is_ours(file)) marked_.insert(std::move(file.storage.key));
    }
    read_versions_[version] = kept;
    return {};
  }

  bool is_ours(const manifest::FileEntry& file) const {
    return is_content_key(request_.ns, file.storage.key) && file.storage.key.ends_with(file.hash.hex);
  }

  bool is_recent(system_clock::time_point modified) const {
    return store_now_ - modified < std::max(request_.keep_within, request_.min_age);
  }

  bool is_young(system_clock::time_point modified) const { return store_now_ - modified < request_.min_age; }

  Result<std::vector<Garbage>> find_garbage() {
    std::vector<Garbage> garbage;
    for (const std::string& prefix : {manifest::objects_prefix(request_.ns), manifest::files_prefix(request_.ns)}) {
      SEEKFS_TRY(for_each_object(parts_.store, prefix, [&](objectstore::ObjectInfo&& object) -> Status {
        if (!is_content_key(request_.ns, object.key)) return {};
        if (marked_.contains(object.key)) {
          ++report_.kept_objects;
        } else if (is_young(object.modified)) {
          ++report_.young_objects;
        } else {
          garbage.push_back({std::move(object.key), object.size});
        }
        return {};
      }));
    }
    return garbage;
  }

  void report(const std::vector<Garbage>& garbage) {
    for (const std::uint64_t version : report_.dropped_versions) {
      observer_.on_garbage(manifest::manifest_key(request_.ns, version), 0);
    }
    for (const Garbage& object : garbage) {
      ++report_.garbage_objects;
      report_.garbage_bytes += object.size;
      observer_.on_garbage(object.key, object.size);
    }
  }

  /// The info goes last: a manifest without info is a version, an info without a manifest is nothing.
  Status remove_versions() {
    for (const std::uint64_t version : report_.dropped_versions) {
      SEEKFS_TRY(marker_.keep());
      SEEKFS_TRY(remove(manifest::manifest_key(request_.ns, version)));
      SEEKFS_TRY(remove(manifest::info_key(request_.ns, version)));
    }
    return {};
  }

  /// A rollback may have chosen a version just before it was dropped (versions.cc has the other half).
  Status check_head() {
    SEEKFS_ASSIGN(const std::optional<Head> head, read_head(parts_.store, request_.ns));
    if (head && std::ranges::binary_search(report_.dropped_versions, head->version)) {
      return fail(ErrorCode::conflict,
                  fmt::format("HEAD of namespace '{}' was moved to v-{} while that was dropped; its "
                              "objects are untouched",
                              request_.ns, head->version));
    }
    return {};
  }

  Status remove_objects(const std::vector<Garbage>& garbage) {
    for (std::size_t begin = 0; begin < garbage.size(); begin += removed_under_one_look) {
      SEEKFS_TRY(marker_.keep());
      const auto batch = std::span(garbage).subspan(begin, std::min(removed_under_one_look, garbage.size() - begin));
      SEEKFS_TRY(for_each_in_flight(batch.size(), objects_in_flight,
                                    [&](std::size_t i) -> async::Task<void> { return remove_object(batch[i]); }));
    }
    return {};
  }

  async::Task<void> remove_object(const Garbage& object) {
    // It may have been put again since it was listed.
    const objectstore::ObjectRef ref{.key = object.key, .if_match = {}, .version_id = {}};
    const auto now = co_await parts_.store.head(ref, publish_options);
    if (!now && now.error().code != ErrorCode::not_found) co_return std::unexpected<Error>(now.error());
    if (!now || is_young(now->modified)) co_return Status();
    SEEKFS_CO_TRY(co_await parts_.store.remove(ref, publish_options));
    ++report_.removed_objects;
    report_.removed_bytes += object.size;
    co_return Status();
  }

  Status remove(const std::string& key) {
    return async::sync_wait(parts_.store.remove({.key = key, .if_match = {}, .version_id = {}}, publish_options));
  }

  const Parts& parts_;
  const GcRequest& request_;
  GcObserver& observer_;
  GcMarker marker_;
  system_clock::time_point store_now_;
  std::map<std::uint64_t, bool> read_versions_;  ///< read so far, and whether all their keys are marked
  std::unordered_set<std::string> marked_;
  GcReport report_;
};

}  // namespace

GcObserver& null_gc_observer() {
  static NullObserver observer;
  return observer;
}

Result<GcReport> GarbageCollector::run(const GcRequest& request, GcObserver& observer) {
  SEEKFS_TRY(manifest::check_namespace(request.ns));
  if (request.keep_last == 0) return fail(ErrorCode::bad_request, "--keep-last must be at least 1");
  if (request.keep_within.count() < 0 || request.min_age.count() <= 0) {
    return fail(ErrorCode::bad_request, "--keep-within must not be negative, and --min-age must be above zero");
  }
  return Collection(parts_, request, observer).run();
}

}  // namespace seekfs::publish
