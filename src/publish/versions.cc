// Lists and comparisons of versions, and the way back.
#include "publish/versions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/sync_wait.h"
#include "manifest/layout.h"
#include "manifest/path.h"
#include "publish/conditions.h"
#include "publish/namespace_state.h"
#include "publish/parallel.h"
#include "publish/snapshot.h"
#include "publish/store_calls.h"
#include "publish/version_claim.h"

namespace seekfs::publish {
namespace {

Result<std::vector<std::string>> list_names(objectstore::ObjectStore& store) {
  std::vector<std::string> names;
  objectstore::ListRequest request;
  request.prefix = manifest::namespaces_prefix;
  request.delimiter = '/';
  while (true) {
    SEEKFS_ASSIGN(objectstore::ListReply reply, async::sync_wait(store.list(request, publish_options)));
    for (const std::string& folder : reply.common_prefixes) {
      std::string name = folder.substr(request.prefix.size());
      name.pop_back();
      if (manifest::check_namespace(name)) names.push_back(std::move(name));
    }
    if (!reply.next_start_after) return names;
    request.start_after = std::move(*reply.next_start_after);
  }
}

Result<NamespaceSummary> summarize(objectstore::ObjectStore& store, std::string name) {
  NamespaceSummary summary;
  SEEKFS_ASSIGN(const std::optional<Head> head, read_head(store, name));
  if (head) {
    summary.head = head->version;
    SEEKFS_ASSIGN(summary.info, load_info(store, name, head->version));
  }
  summary.name = std::move(name);
  return summary;
}

std::unexpected<Error> no_namespace(const objectstore::ObjectStore& store, const std::string& ns) {
  return fail(ErrorCode::no_such_namespace,
              fmt::format("there is no namespace '{}' in {}; publishing into it makes it", ns, store.description()));
}

std::unexpected<Error> head_moved(const std::string& ns, std::uint64_t wanted) {
  return fail(
      ErrorCode::conflict,
      fmt::format("HEAD of namespace '{}' was changed by somebody else while it was being moved to v-{}", ns, wanted));
}

}  // namespace

Result<std::vector<NamespaceSummary>> Versions::namespaces() {
  SEEKFS_ASSIGN(const std::vector<std::string> names, list_names(parts_.store));
  std::vector<NamespaceSummary> found(names.size());
  SEEKFS_TRY(parallel_for(parts_.pool, names.size(), [&](std::size_t i) -> Status {
    SEEKFS_ASSIGN(found[i], summarize(parts_.store, names[i]));
    return {};
  }));
  std::ranges::sort(found, {}, &NamespaceSummary::name);
  return found;
}

Result<NamespaceDetail> Versions::show_namespace(const std::string& ns) {
  NamespaceDetail detail;
  SEEKFS_ASSIGN(detail.versions, list(ns));
  SEEKFS_ASSIGN(detail.summary, summarize(parts_.store, ns));
  return detail;
}

Result<std::vector<VersionSummary>> Versions::list(const std::string& ns) {
  SEEKFS_TRY(manifest::check_namespace(ns));
  SEEKFS_ASSIGN(const std::optional<Head> head, read_head(parts_.store, ns));
  SEEKFS_ASSIGN(const std::vector<ManifestObject> manifests, list_manifests(parts_.store, ns));
  if (!head && manifests.empty()) return no_namespace(parts_.store, ns);
  std::vector<VersionSummary> versions(manifests.size());
  SEEKFS_TRY(parallel_for(parts_.pool, manifests.size(), [&](std::size_t i) -> Status {
    VersionSummary& version = versions[i];
    version.version = manifests[i].version;
    version.is_head = head && head->version == version.version;
    version.manifest_bytes = manifests[i].size;
    version.modified = manifests[i].modified;
    SEEKFS_ASSIGN(version.info, load_info(parts_.store, ns, version.version));
    return {};
  }));
  return versions;
}

Result<manifest::Manifest> Versions::load(const std::string& ns, std::optional<std::uint64_t> version) {
  SEEKFS_TRY(manifest::check_namespace(ns));
  if (!version) {
    SEEKFS_ASSIGN(const std::optional<Head> head, read_head(parts_.store, ns));
    if (!head) return no_namespace(parts_.store, ns);
    version = head->version;
  }
  return load_manifest(parts_.store, ns, *version);
}

Result<std::vector<VersionChange>> Versions::diff(const std::string& ns, std::uint64_t from, std::uint64_t to) {
  SEEKFS_ASSIGN(const manifest::Manifest before, load(ns, from));
  SEEKFS_ASSIGN(const manifest::Manifest after, load(ns, to));
  std::vector<VersionChange> changes;
  auto a = before.files.begin();
  auto b = after.files.begin();
  while (a != before.files.end() || b != after.files.end()) {
    if (b == after.files.end() || (a != before.files.end() && a->path < b->path)) {
      changes.push_back({.path = a->path, .kind = ChangeKind::removed, .old_size = a->size, .new_size = 0});
      ++a;
    } else if (a == before.files.end() || b->path < a->path) {
      changes.push_back({.path = b->path, .kind = ChangeKind::added, .old_size = 0, .new_size = b->size});
      ++b;
    } else {
      if (!same_content(*a, *b)) {
        changes.push_back({.path = a->path, .kind = ChangeKind::changed, .old_size = a->size, .new_size = b->size});
      }
      ++a;
      ++b;
    }
  }
  return changes;
}

Result<std::uint64_t> Versions::rollback(const std::string& ns, std::uint64_t version,
                                         std::optional<std::uint64_t> if_parent, bool unsafe_no_conditional_put) {
  SEEKFS_TRY(manifest::check_namespace(ns));
  SEEKFS_ASSIGN(const std::optional<Head> head, read_head(parts_.store, ns));
  if (!head) return no_namespace(parts_.store, ns);
  if (if_parent && *if_parent != head->version) {
    return fail(ErrorCode::conflict, fmt::format("HEAD of namespace '{}' is v-{}, not v-{} as --if-parent wants", ns,
                                                 head->version, *if_parent));
  }
  SEEKFS_TRY(load_manifest(parts_.store, ns, version));
  if (head->version == version) return version;
  const PutMode mode = unsafe_no_conditional_put ? PutMode::unsafe : PutMode::conditional;
  if (mode == PutMode::conditional) SEEKFS_TRY(check_conditions(parts_.store, ns));
  SEEKFS_ASSIGN(const bool moved, swap_head(parts_.store, mode, ns, head, version));
  if (!moved) return head_moved(ns, version);

  // A gc that began before may have dropped the manifest between our look at it and the swap. It looks at HEAD once
  // more before it touches objects, and we look at the manifest once more: one of the two notices.
  SEEKFS_ASSIGN(const auto manifest, head_if_present(parts_.store, manifest::manifest_key(ns, version)));
  if (manifest) return head->version;
  SEEKFS_ASSIGN(const std::optional<Head> now, read_head(parts_.store, ns));
  if (!now || now->version != version) return head_moved(ns, version);
  SEEKFS_ASSIGN(const bool undone, swap_head(parts_.store, mode, ns, now, head->version));
  if (!undone) return head_moved(ns, version);
  return fail(ErrorCode::conflict, fmt::format("a gc removed v-{} of namespace '{}' meanwhile; HEAD is v-{} again",
                                               version, ns, head->version));
}

}  // namespace seekfs::publish
