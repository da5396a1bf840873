// Conditional requests (RFC 9110 section 13) against a file whose ETag is strong: the hash of its content.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/request.h"

namespace seekfs::http {

/// What a reply would carry: `etag` without quotes, `modified` in Unix seconds where known.
struct Validators {
  std::string_view etag;
  std::optional<std::int64_t> modified;
};

enum class Precondition : std::uint8_t {
  passed,
  not_modified,  ///< 304
  failed         ///< 412
};

/// If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of section 13.2.2, for GET and HEAD.
Precondition check_preconditions(const RequestHead& request, const Validators& validators) noexcept;

/// Whether the Range header field counts: no If-Range, or one that names this ETag (strongly) or exactly this date.
bool if_range_holds(std::string_view if_range, const Validators& validators) noexcept;

/// Whether a list of entity tags ("*" matches all) contains `etag`. Weak tags (W/) match only when `weak` is set.
bool etag_list_matches(std::string_view list, std::string_view etag, bool weak) noexcept;

}  // namespace seekfs::http
