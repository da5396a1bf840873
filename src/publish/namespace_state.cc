// Small reads of a namespace's own objects, each checked before it is believed.
#include "publish/namespace_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/sha256.h"
#include "base/units.h"
#include "manifest/layout.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

constexpr std::uint64_t max_small_bytes = 1 * MiB;
constexpr std::uint64_t max_manifest_bytes = 4 * GiB;

}  // namespace

Result<std::optional<Head>> read_head(objectstore::ObjectStore& store, const std::string& ns) {
  const std::string key = manifest::head_key(ns);
  SEEKFS_ASSIGN(std::optional<objectstore::SmallObject> object, get_if_present(store, key, max_small_bytes));
  if (!object) return std::optional<Head>();
  auto version = manifest::parse_head(object->body);
  if (!version) return std::unexpected<Error>(version.error().with_context(key));
  return std::optional<Head>(Head{.version = *version, .etag = std::move(object->info.etag)});
}

Result<std::vector<ManifestObject>> list_manifests(objectstore::ObjectStore& store, const std::string& ns) {
  std::vector<ManifestObject> found;
  SEEKFS_TRY(for_each_object(store, manifest::manifests_prefix(ns), [&](objectstore::ObjectInfo&& object) -> Status {
    if (const auto version = manifest::version_of_manifest_key(object.key)) {
      found.push_back({.version = *version, .size = object.size, .modified = object.modified});
    }
    return {};
  }));
  std::ranges::sort(found, {}, &ManifestObject::version);
  return found;
}

Result<std::optional<manifest::VersionInfo>> load_info(objectstore::ObjectStore& store, const std::string& ns,
                                                       std::uint64_t version) {
  const std::string key = manifest::info_key(ns, version);
  SEEKFS_ASSIGN(const std::optional<objectstore::SmallObject> object, get_if_present(store, key, max_small_bytes));
  if (!object) return std::optional<manifest::VersionInfo>();
  auto info = manifest::decode_version_info(object->body);
  if (!info) return std::unexpected<Error>(info.error().with_context(key));
  return std::optional(std::move(*info));
}

Result<manifest::Manifest> load_manifest(objectstore::ObjectStore& store, const std::string& ns,
                                         std::uint64_t version) {
  const std::string key = manifest::manifest_key(ns, version);
  SEEKFS_ASSIGN(const std::optional<objectstore::SmallObject> object, get_if_present(store, key, max_manifest_bytes));
  if (!object) {
    return fail(ErrorCode::no_such_version, fmt::format("namespace '{}' has no version v-{}: {} is not in {}", ns,
                                                        version, key, store.description()));
  }
  SEEKFS_ASSIGN(const std::optional<manifest::VersionInfo> info, load_info(store, ns, version));
  if (info && info->manifest_sha256 != sha256(object->body).hex()) {
    return fail(ErrorCode::corrupt, key + " is not the manifest that its info names (manifest_sha256 differs)");
  }
  auto decoded = manifest::decode_manifest(std::as_bytes(std::span(object->body)), version);
  if (!decoded) return std::unexpected<Error>(decoded.error().with_context(key));
  std::ranges::sort(decoded->files, {}, &manifest::FileEntry::path);
  std::ranges::sort(decoded->tombstones);
  return std::move(*decoded);
}

}  // namespace seekfs::publish
