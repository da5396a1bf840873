// The whole of a GET: attempts, each of which goes on at the byte that the one before it reached, in the same state of
// the object.
#pragma once

#include <optional>

#include "objectstore/s3/attempts.h"

namespace seekfs::objectstore::s3 {

/// As ObjectStore::get().
async::Task<ObjectInfo> get_object(const EngineParts& parts, const AttemptLimits& limits, ObjectRef object,
                                   std::optional<ByteRange> range, BodySink& sink, RequestOptions options);

/// The query that asks for the version of `object`, for GET, HEAD and DELETE; empty when it names none.
std::vector<std::pair<std::string, std::string>> version_query(const ObjectRef& object);

}  // namespace seekfs::objectstore::s3
