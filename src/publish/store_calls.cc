// Each call runs one operation of the store to its end on this thread.
#include "publish/store_calls.h"

#include <utility>

#include "async/sync_wait.h"
#include "manifest/layout.h"

namespace seekfs::publish {

Status for_each_object(objectstore::ObjectStore& store, const std::string& prefix,
                       const std::function<Status(objectstore::ObjectInfo&&)>& each) {
  objectstore::ListRequest request;
  request.prefix = prefix;
  while (true) {
    SEEKFS_ASSIGN(objectstore::ListReply reply, async::sync_wait(store.list(request, publish_options)));
    for (objectstore::ObjectInfo& object : reply.objects) SEEKFS_TRY(each(std::move(object)));
    if (!reply.next_start_after) return {};
    request.start_after = std::move(*reply.next_start_after);
  }
}

Result<std::optional<objectstore::ObjectInfo>> head_if_present(objectstore::ObjectStore& store,
                                                               const std::string& key) {
  auto info = async::sync_wait(store.head({.key = key, .if_match = {}, .version_id = {}}, publish_options));
  if (info) return std::optional(std::move(*info));
  if (info.error().code == ErrorCode::not_found) return std::optional<objectstore::ObjectInfo>();
  return std::unexpected<Error>(std::move(info).error());
}

Result<std::optional<objectstore::SmallObject>> get_if_present(objectstore::ObjectStore& store, const std::string& key,
                                                               std::uint64_t limit) {
  auto object = async::sync_wait(
      objectstore::get_small(store, {.key = key, .if_match = {}, .version_id = {}}, limit, publish_options));
  if (object) return std::optional(std::move(*object));
  if (object.error().code == ErrorCode::not_found) return std::optional<objectstore::SmallObject>();
  return std::unexpected<Error>(std::move(object).error());
}

Result<objectstore::PutReply> put_text(objectstore::ObjectStore& store, const std::string& key, std::string body,
                                       objectstore::PutOptions conditions) {
  return async::sync_wait(objectstore::put_small(store, key, std::move(body), std::move(conditions), publish_options));
}

Result<std::chrono::system_clock::time_point> store_time(objectstore::ObjectStore& store, const std::string& ns) {
  const std::string key = manifest::condition_test_key(ns);
  SEEKFS_TRY(put_text(store, key, "seekfs\n"));
  SEEKFS_ASSIGN(const objectstore::ObjectInfo info,
                async::sync_wait(store.head({.key = key, .if_match = {}, .version_id = {}}, publish_options)));
  return info.modified;
}

}  // namespace seekfs::publish
