// Blocking forms of the store's operations, for code that runs on threads that may wait.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "objectstore/object_store.h"

namespace seekfs::publish {

inline constexpr objectstore::RequestOptions publish_options{.purpose = objectstore::Purpose::publish};

/// Calls `each` for every object whose key starts with `prefix`, in byte order; its Error ends the walk.
Status for_each_object(objectstore::ObjectStore& store, const std::string& prefix,
                       const std::function<Status(objectstore::ObjectInfo&&)>& each);

/// Nothing when there is no such object.
Result<std::optional<objectstore::ObjectInfo>> head_if_present(objectstore::ObjectStore& store, const std::string& key);
Result<std::optional<objectstore::SmallObject>> get_if_present(objectstore::ObjectStore& store, const std::string& key,
                                                               std::uint64_t limit);
Result<objectstore::PutReply> put_text(objectstore::ObjectStore& store, const std::string& key, std::string body,
                                       objectstore::PutOptions conditions = {});

/// The time by the store's own clock, read off a small object of the namespace that is written for it.
Result<std::chrono::system_clock::time_point> store_time(objectstore::ObjectStore& store, const std::string& ns);

}  // namespace seekfs::publish
