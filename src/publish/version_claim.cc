// Compare-and-swap by conditional puts; an answer that was lost is looked up before it is taken for a failure.
#include "publish/version_claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/sha256.h"
#include "manifest/codec.h"
#include "manifest/layout.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

constexpr std::uint64_t max_manifest_bytes = std::uint64_t{4} << 30U;

/// Whether the error leaves open if the put took effect.
bool is_ambiguous(ErrorCode code) {
  return code == ErrorCode::transient || code == ErrorCode::timeout || code == ErrorCode::precondition_failed;
}

Result<bool> holds(objectstore::ObjectStore& store, const std::string& key, const std::string& body) {
  SEEKFS_ASSIGN(const std::optional<objectstore::SmallObject> object, get_if_present(store, key, max_manifest_bytes));
  return object && object->body == body;
}

/// Puts a manifest where there is none; false when the number is taken.
Result<bool> put_manifest(objectstore::ObjectStore& store, PutMode mode, const std::string& key,
                          const std::string& body) {
  if (mode == PutMode::unsafe) {
    SEEKFS_ASSIGN(const auto there, head_if_present(store, key));
    if (there) return holds(store, key, body);
    SEEKFS_TRY(put_text(store, key, body));
    return holds(store, key, body);
  }
  auto put = put_text(store, key, body, {.if_none_match = true, .if_match = {}});
  if (put) return true;
  if (!is_ambiguous(put.error().code)) return std::unexpected<Error>(std::move(put).error());
  auto own = holds(store, key, body);
  if (own && *own) return true;
  if (put.error().code == ErrorCode::precondition_failed) return own;
  return std::unexpected<Error>(std::move(put).error());
}

manifest::VersionInfo describe(const manifest::Manifest& manifest, const std::string& body,
                               const std::string& message) {
  manifest::VersionInfo info;
  info.version = manifest.version;
  info.files = manifest.files.size();
  for (const manifest::FileEntry& file : manifest.files) info.bytes += file.size;
  info.created_at = manifest.created_at;
  info.message = message;
  info.manifest_sha256 = sha256(body).hex();
  return info;
}

bool is_unchanged(const std::optional<Head>& now, const std::optional<Head>& from) {
  return now.has_value() == from.has_value() && (!now || (now->etag == from->etag && now->version == from->version));
}

}  // namespace

Result<manifest::VersionInfo> claim_version(objectstore::ObjectStore& store, PutMode mode, const std::string& ns,
                                            std::optional<std::uint64_t> parent, const std::string& message,
                                            manifest::Manifest& manifest) {
  SEEKFS_ASSIGN(const std::vector<ManifestObject> existing, list_manifests(store, ns));
  std::uint64_t number = parent.value_or(0);
  if (!existing.empty()) number = std::max(number, existing.back().version);
  while (true) {
    manifest.version = ++number;
    const std::string body = manifest::encode_manifest(manifest);
    SEEKFS_ASSIGN(const bool claimed, put_manifest(store, mode, manifest::manifest_key(ns, number), body));
    if (!claimed) continue;
    manifest::VersionInfo info = describe(manifest, body, message);
    SEEKFS_TRY(put_text(store, manifest::info_key(ns, number), manifest::encode_version_info(info)));
    return info;
  }
}

Result<bool> swap_head(objectstore::ObjectStore& store, PutMode mode, const std::string& ns,
                       const std::optional<Head>& from, std::uint64_t version) {
  const std::string key = manifest::head_key(ns);
  const std::string body = manifest::format_head(version);
  objectstore::PutOptions conditions;
  if (mode == PutMode::unsafe) {
    SEEKFS_ASSIGN(const std::optional<Head> before, read_head(store, ns));
    if (!is_unchanged(before, from)) return false;
  } else if (from) {
    conditions.if_match = from->etag;
  } else {
    conditions.if_none_match = true;
  }
  auto put = put_text(store, key, body, std::move(conditions));
  if (put && mode == PutMode::conditional) return true;
  const bool lost_head = !put && put.error().code == ErrorCode::not_found;
  if (!put && !lost_head && !is_ambiguous(put.error().code)) return std::unexpected<Error>(std::move(put).error());

  auto now = read_head(store, ns);
  if (now && *now && (*now)->version == version) return true;
  if (put || lost_head || put.error().code == ErrorCode::precondition_failed) {
    if (!now) return std::unexpected<Error>(std::move(now).error());
    return false;
  }
  return std::unexpected<Error>(std::move(put).error());
}

}  // namespace seekfs::publish
