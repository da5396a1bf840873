// What the head of an answer says of an object, checked against what was asked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "objectstore/object_store.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

/// The time in a header that is a date, e.g. Date or Last-Modified; nothing when there is none.
std::optional<std::chrono::system_clock::time_point> time_header(const HttpReplyHead& head, std::string_view name);

/// ETag with quotes, version, size (Content-Length), time. `corrupt`, naming the header, when one is missing or no
/// number.
Result<ObjectInfo> object_of_head(const std::string& key, const HttpReplyHead& head);

/// The same for a GET, whose body is `bytes` of the object.
struct GetHead {
  ObjectInfo info;
  ByteRange bytes;
};
/// `asked`: nothing for a GET without Range. `corrupt`: another range than the one asked for, or lengths that
/// contradict each other. A 200 that holds the whole object is good for a range that covers it.
Result<GetHead> object_of_get(const std::string& key, const HttpReplyHead& head, const std::optional<ByteRange>& asked);

/// "bytes=5-14", or "bytes=5-" when the end is past what a number can hold.
std::string range_header(const ByteRange& range);

}  // namespace seekfs::objectstore::s3
