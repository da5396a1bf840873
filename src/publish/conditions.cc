// Puts that must fail, on an object that exists for nothing else.
#include "publish/conditions.h"

#include <fmt/format.h>

#include <utility>

#include "manifest/layout.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

std::unexpected<Error> unusable(const objectstore::ObjectStore& store, std::string_view what) {
  return fail(
      ErrorCode::invalid,
      fmt::format("{} {}, so two publishers at once could lose a version; make sure that only one publishes and "
                  "say --unsafe-no-conditional-put",
                  store.description(), what));
}

/// True when the put failed for its condition, false when it was carried out.
Result<bool> is_refused(objectstore::ObjectStore& store, const std::string& key, objectstore::PutOptions conditions) {
  auto put = put_text(store, key, "seekfs\n", std::move(conditions));
  if (put) return false;
  if (put.error().code == ErrorCode::precondition_failed) return true;
  if (put.error().code == ErrorCode::invalid) return unusable(store, "refuses conditional puts");
  return std::unexpected<Error>(std::move(put).error());
}

}  // namespace

Status check_conditions(objectstore::ObjectStore& store, const std::string& ns) {
  const std::string key = manifest::condition_test_key(ns);
  const objectstore::PutOptions absent{.if_none_match = true, .if_match = {}};
  SEEKFS_ASSIGN(bool refused, is_refused(store, key, absent));
  if (!refused) {
    // That one created it; now it is there.
    SEEKFS_ASSIGN(refused, is_refused(store, key, absent));
  }
  if (!refused) return unusable(store, "ignores If-None-Match");
  SEEKFS_ASSIGN(refused, is_refused(store, key, {.if_none_match = false, .if_match = "\"no-such-etag\""}));
  if (!refused) return unusable(store, "ignores If-Match");
  return {};
}

}  // namespace seekfs::publish
