// Rules that every store of this program applies in the same way: conditions, ranges, deadlines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "env/clock.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// `timeout` once the deadline has come. `action` is e.g. "get a/b".
Status check_deadline(const env::Clock& clock, const RequestOptions& options, std::string_view action);

/// What If-Match of a GET, HEAD or DELETE says about an object whose ETag is `etag`.
Status check_match(const ObjectRef& object, const std::string& etag);

/// What the conditions of a put say about the present ETag under `key` (nothing: no object).
Status check_put_conditions(std::string_view key, const PutOptions& conditions, const std::optional<std::string>& etag);

/// The part of an object of `size` bytes that a GET delivers: `range` cut at the end, or everything. `invalid` when the
/// range is empty or starts at or past the end. Its len is 0 only for the whole of an empty object.
Result<ByteRange> resolve_range(std::string_view key, const std::optional<ByteRange>& range, std::uint64_t size);

/// `invalid`: this store keeps one version of each object.
Status check_no_version(const ObjectRef& object);

/// `invalid` for a request of no items, which could make no progress.
Status check_list_request(const ListRequest& request);

}  // namespace seekfs::objectstore
