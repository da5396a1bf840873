// Markers of publish and gc: written first, looked for afterwards.
#include "publish/gc_fence.h"

#include <fmt/format.h>

#include <utility>

#include "async/sync_wait.h"
#include "manifest/layout.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

std::string own_folder(const std::string& ns) { return fmt::format("{}{}/.seekfs/", manifest::namespaces_prefix, ns); }
std::string gc_key(const std::string& ns) { return own_folder(ns) + "gc"; }
std::string revival_prefix(const std::string& ns) { return own_folder(ns) + "revival/"; }

void warn_of_leftover(const Parts& parts, const std::string& key) {
  parts.log.warning("marker could not be removed; it lapses by itself", {{"key", key}});
}

/// For markers whose key no other process uses, and lapsed ones of publishers.
void remove_marker(const Parts& parts, const std::string& key) {
  const Status removed =
      async::sync_wait(parts.store.remove({.key = key, .if_match = {}, .version_id = {}}, publish_options));
  if (!removed) warn_of_leftover(parts, key);
}

/// precondition_failed when the marker is another's by now.
Status remove_own(const Parts& parts, const std::string& key, const std::string& etag) {
  return async::sync_wait(parts.store.remove({.key = key, .if_match = etag, .version_id = {}}, publish_options));
}

std::unexpected<Error> just_started(const std::string& ns) {
  return fail(ErrorCode::conflict, fmt::format("another gc of namespace '{}' has just started", ns));
}

}  // namespace

RevivalMarker::RevivalMarker(const Parts& parts, std::string ns, std::chrono::milliseconds lapse)
    : parts_(parts), ns_(std::move(ns)), lapse_(lapse) {}

RevivalMarker::~RevivalMarker() {
  if (key_) remove_marker(parts_, *key_);
}

Status RevivalMarker::announce() {
  if (key_) return {};
  std::string key = fmt::format("{}{:016x}{:016x}", revival_prefix(ns_), parts_.random.next(), parts_.random.next());
  SEEKFS_TRY(put_text(parts_.store, key, "seekfs\n"));
  key_ = std::move(key);
  SEEKFS_ASSIGN(const auto gc, head_if_present(parts_.store, gc_key(ns_)));
  if (!gc) return {};
  SEEKFS_ASSIGN(const auto now, store_time(parts_.store, ns_));
  if (now - gc->modified >= gc_lease) return {};
  remove_marker(parts_, *std::exchange(key_, std::nullopt));
  return fail(
      ErrorCode::conflict,
      fmt::format("a gc of namespace '{}' is at work, and this publish needs old objects that it may be deleting; "
                  "publish again when the gc is done (a killed one blocks for at most an hour)",
                  ns_));
}

GcMarker::GcMarker(const Parts& parts, std::string ns, std::chrono::milliseconds lapse)
    : parts_(parts),
      ns_(std::move(ns)),
      lapse_(lapse),
      owner_(fmt::format("{:016x}{:016x}", parts.random.next(), parts.random.next())) {}

GcMarker::~GcMarker() {
  if (!etag_) return;
  const Status removed = remove_own(parts_, gc_key(ns_), *etag_);
  if (!removed && removed.error().code != ErrorCode::precondition_failed) warn_of_leftover(parts_, gc_key(ns_));
}

Status GcMarker::acquire() {
  SEEKFS_ASSIGN(const auto other, head_if_present(parts_.store, gc_key(ns_)));
  if (other) {
    SEEKFS_ASSIGN(const auto now, store_time(parts_.store, ns_));
    if (now - other->modified < gc_lease) {
      return fail(ErrorCode::conflict,
                  fmt::format("another gc of namespace '{}' is at work (a killed one blocks for at "
                              "most an hour)",
                              ns_));
    }
    const Status removed = remove_own(parts_, gc_key(ns_), other->etag);
    if (!removed && removed.error().code == ErrorCode::precondition_failed) return just_started(ns_);
    SEEKFS_TRY(removed);
  }
  SEEKFS_TRY(write());
  return check_publishers();
}

Status GcMarker::write() {
  written_ = parts_.clock.now();
  objectstore::PutOptions conditions;
  conditions.if_none_match = !etag_;
  conditions.if_match = etag_;
  auto put = put_text(parts_.store, gc_key(ns_), owner_, conditions);
  const ErrorCode code = put ? ErrorCode::internal : put.error().code;
  // A marker of ours that is gone was taken for a lapsed one.
  if (code == ErrorCode::precondition_failed || (etag_ && code == ErrorCode::not_found)) return just_started(ns_);
  SEEKFS_TRY(put);
  etag_ = std::move(put->etag);
  return {};
}

Status GcMarker::check_publishers() {
  SEEKFS_ASSIGN(const auto now, store_time(parts_.store, ns_));
  return for_each_object(parts_.store, revival_prefix(ns_), [&](objectstore::ObjectInfo&& marker) -> Status {
    if (now - marker.modified < lapse_) {
      return fail(
          ErrorCode::conflict,
          fmt::format("a publish into namespace '{}' is bringing back old objects; run gc again when it is done", ns_));
    }
    remove_marker(parts_, marker.key);
    return {};
  });
}

Status GcMarker::keep() {
  const auto age = parts_.clock.now() - written_;
  if (age >= gc_lease) {
    return fail(ErrorCode::conflict, "gc was held up for longer than its marker counts; run it again");
  }
  if (age < gc_lease / 2) return {};
  SEEKFS_TRY(write());
  return check_publishers();
}

}  // namespace seekfs::publish
