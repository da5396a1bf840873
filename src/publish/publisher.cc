// One publish from request to report: scan, plan, transfer, commit.
#include "publish/publisher.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "manifest/layout.h"
#include "publish/change_set.h"
#include "publish/commit.h"
#include "publish/conditions.h"
#include "publish/deletions.h"
#include "publish/glob.h"
#include "publish/hash_cache.h"
#include "publish/request_check.h"
#include "publish/source_scan.h"
#include "publish/transfer.h"

namespace seekfs::publish {
namespace {

class NullObserver final : public PublishObserver {
 public:
  void on_progress(const PublishProgress& /*progress*/) override {}
};

/// The state of one publish() call.
class Run {
 public:
  Run(const Parts& parts, const PublishRequest& request, PublishObserver& observer)
      : parts_(parts),
        request_(request),
        observer_(observer),
        started_(parts.clock.now()),
        marker_(parts, request.ns, request.gc_min_age / 2),
        placer_(parts, request, marker_) {}

  Result<PublishReport> run() {
    SEEKFS_TRY(check_request(request_));
    SEEKFS_ASSIGN(const PathFilter filter, PathFilter::parse(request_.include, request_.exclude));
    SEEKFS_TRY(scan(filter));
    SEEKFS_ASSIGN(Snapshot parent, Snapshot::load(parts_.store, request_.ns));
    SEEKFS_TRY(check_parent(parent));
    SEEKFS_ASSIGN(Deletions deletions, plan_deletions(request_, filter, source_, parent));
    SEEKFS_TRY(check_paths(parent, deletions));
    if (!request_.dry_run && !request_.unsafe_no_conditional_put) {
      SEEKFS_TRY(check_conditions(parts_.store, request_.ns));
    }
    report_.delete_not_found = std::move(deletions.not_found);
    ChangeSet changes;
    changes.removes = std::move(deletions.paths);
    changes.replace = request_.replace;
    SEEKFS_TRY(transfer(changes, parent));
    keep_effective(changes, parent);
    SEEKFS_TRY(finish(std::move(changes), std::move(parent)));
    return std::move(report_);
  }

 private:
  Status scan(const PathFilter& filter) {
    observer_.on_progress({.phase = PublishPhase::scan});
    if (const auto* local = std::get_if<LocalSource>(&request_.source)) {
      SEEKFS_ASSIGN(source_, scan_local(parts_.files, *local, filter));
    } else if (const auto* store = std::get_if<StoreSource>(&request_.source)) {
      SEEKFS_ASSIGN(source_, scan_store(parts_.store, *store, filter));
    }
    report_.source_files = source_.files.size();
    report_.source_bytes = source_.bytes;
    report_.skipped = source_.skipped;
    report_.dry_run = request_.dry_run;
    return {};
  }

  Status check_parent(const Snapshot& parent) const {
    const std::uint64_t now = parent.head() ? parent.head()->version : 0;
    if (!request_.if_parent || *request_.if_parent == now) return {};
    return fail(ErrorCode::conflict, fmt::format("HEAD of namespace '{}' is v-{}, not v-{} as --if-parent wants",
                                                 request_.ns, now, *request_.if_parent));
  }

  /// That the version's paths fit together and the store can hold the keys, before anything is hashed or uploaded.
  Status check_paths(const Snapshot& parent, const Deletions& deletions) const {
    ChangeSet planned;
    planned.removes = deletions.paths;
    for (const SourceFile& file : source_.files) {
      planned.puts[file.path].path = file.path;
      if (!file.key.empty()) continue;
      const std::string key = request_.layout == Layout::files
                                  ? manifest::file_key(request_.ns, file.path, Sha256Digest{})
                                  : manifest::object_key(request_.ns, Sha256Digest{});
      SEEKFS_TRY(parts_.store.check_key(key));
    }
    SEEKFS_TRY(apply(parent, planned));
    return {};
  }

  Status transfer(ChangeSet& changes, const Snapshot& parent) {
    std::unique_ptr<HashCache> cache;
    if (!request_.hash_cache_path.empty() && std::holds_alternative<LocalSource>(request_.source)) {
      cache = std::make_unique<HashCache>(parts_.files, parts_.log, request_.hash_cache_path);
    }
    Transfer transfer(parts_, request_, cache.get(), placer_, observer_);
    auto entries = transfer.run(source_.files, parent);
    const TransferCounts counts = transfer.counts();
    report_.hashed_files += counts.hashed_files;
    report_.hashed_bytes += counts.hashed_bytes;
    report_.uploaded_objects += counts.uploaded_objects;
    report_.uploaded_bytes += counts.uploaded_bytes;
    report_.reused_files += counts.reused_files;
    report_.reused_bytes += counts.reused_bytes;
    SEEKFS_TRY(entries);
    for (manifest::FileEntry& entry : *entries) changes.puts[entry.path] = std::move(entry);
    return {};
  }

  /// After a merge: content that was found in an object of the former parent, which the new one does not reference, is
  /// not safe from gc; it is placed as if it had never been found.
  Status rehome(ChangeSet& changes, const Snapshot& current) {
    std::vector<SourceFile> homeless;
    for (const auto& [path, entry] : changes.puts) {
      const auto file = std::ranges::lower_bound(source_.files, path, {}, &SourceFile::path);
      if (entry.storage.key == file->key || placer_.is_placed(entry.storage.key)) continue;
      if (!current.references(entry.storage)) homeless.push_back(*file);
    }
    if (homeless.empty()) return {};
    Transfer transfer(parts_, request_, nullptr, placer_, observer_);
    SEEKFS_ASSIGN(std::vector<manifest::FileEntry> entries, transfer.run(homeless, current));
    for (manifest::FileEntry& entry : entries) {
      const manifest::FileEntry& before = changes.puts.at(entry.path);
      if (!same_content(before, entry)) {
        return fail(ErrorCode::source_changed, "'" + entry.path + "' changed while it was being published");
      }
      changes.puts[entry.path] = std::move(entry);
    }
    report_.uploaded_objects += transfer.counts().uploaded_objects;
    report_.uploaded_bytes += transfer.counts().uploaded_bytes;
    return {};
  }

  Status finish(ChangeSet changes, Snapshot parent) {
    observer_.on_progress({.phase = PublishPhase::commit});
    if (request_.dry_run || changes.empty()) return describe(changes, parent);
    const CommitRequest request{
        .request = request_, .started = started_, .rehome = [this](ChangeSet& merged, const Snapshot& current) {
          return rehome(merged, current);
        }};
    SEEKFS_ASSIGN(const Committed done, commit(parts_, request, std::move(changes), std::move(parent)));
    report_.version = done.version;
    report_.parent = done.parent;
    report_.files = done.files;
    report_.bytes = done.bytes;
    report_.merges = done.merges;
    take(done.counts);
    return {};
  }

  /// What the version would be, or is already.
  Status describe(const ChangeSet& changes, const Snapshot& parent) {
    if (parent.head()) report_.parent = parent.head()->version;
    SEEKFS_ASSIGN(const manifest::Manifest next, apply(parent, changes));
    report_.files = next.files.size();
    for (const manifest::FileEntry& file : next.files) report_.bytes += file.size;
    take(count_changes(changes, parent));
    return {};
  }

  void take(const ChangeCounts& counts) {
    report_.added = counts.added;
    report_.changed = counts.changed;
    report_.removed = counts.removed;
  }

  const Parts& parts_;
  const PublishRequest& request_;
  PublishObserver& observer_;
  const env::TimePoint started_;
  RevivalMarker marker_;
  ObjectPlacer placer_;
  SourceList source_;
  PublishReport report_;
};

}  // namespace

PublishObserver& null_publish_observer() {
  static NullObserver observer;
  return observer;
}

Result<PublishReport> Publisher::publish(const PublishRequest& request, PublishObserver& observer) {
  return Run(parts_, request, observer).run();
}

}  // namespace seekfs::publish
