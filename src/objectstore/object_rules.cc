// Conditions, ranges and deadlines as decisions on values.
#include "objectstore/object_rules.h"

#include <fmt/format.h>

#include <algorithm>

namespace seekfs::objectstore {

Status check_deadline(const env::Clock& clock, const RequestOptions& options, std::string_view action) {
  if (options.deadline == env::TimePoint::max() || clock.now() < options.deadline) return {};
  return fail(ErrorCode::timeout, fmt::format("{}: the deadline has passed", action));
}

Status check_match(const ObjectRef& object, const std::string& etag) {
  if (!object.if_match || *object.if_match == etag) return {};
  return fail(ErrorCode::precondition_failed,
              fmt::format("{}: the object has ETag {}, not {}", object.key, etag, *object.if_match));
}

Status check_put_conditions(std::string_view key, const PutOptions& conditions,
                            const std::optional<std::string>& etag) {
  if (conditions.if_none_match && conditions.if_match) {
    return fail(ErrorCode::invalid, fmt::format("put {}: If-None-Match and If-Match exclude each other", key));
  }
  if (conditions.if_none_match && etag) {
    return fail(ErrorCode::precondition_failed, fmt::format("put {}: an object with this key exists", key));
  }
  if (!conditions.if_match) return {};
  if (!etag) return fail(ErrorCode::not_found, fmt::format("put {}: there is no object to replace", key));
  if (*conditions.if_match == *etag) return {};
  return fail(ErrorCode::precondition_failed,
              fmt::format("put {}: the object has ETag {}, not {}", key, *etag, *conditions.if_match));
}

Result<ByteRange> resolve_range(std::string_view key, const std::optional<ByteRange>& range, std::uint64_t size) {
  if (!range) return ByteRange{0, size};
  if (range->len == 0) return fail(ErrorCode::invalid, fmt::format("get {}: an empty range", key));
  if (range->off >= size) {
    return fail(ErrorCode::invalid,
                fmt::format("get {}: the range starts at {}, the object has {} bytes", key, range->off, size));
  }
  return ByteRange{range->off, std::min(range->len, size - range->off)};
}

Status check_no_version(const ObjectRef& object) {
  if (!object.version_id) return {};
  return fail(ErrorCode::invalid,
              fmt::format("{}: version {} was asked for, but this store keeps no versions of an object", object.key,
                          *object.version_id));
}

Status check_list_request(const ListRequest& request) {
  if (request.max_keys > 0) return {};
  return fail(ErrorCode::invalid, fmt::format("list {}: max_keys is 0; it must be at least 1", request.prefix));
}

}  // namespace seekfs::objectstore
