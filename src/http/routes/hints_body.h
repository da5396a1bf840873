// The body of /hints: one JSON object, read strictly.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "reader/hint.h"

namespace seekfs::http {

/// What is wrong with a body, and with which window of it where that is known.
struct HintsBodyError {
  Error error;
  std::optional<std::size_t> index;
};

/// {"epoch": N, "priority"?: N, "ttl_ms"?: N, "windows": [W, …]} in any order, where W is {"path": "…"} with or without
/// "ranges": [[off, len], …], or {"prefix": "…"}; numbers are unsigned integers. Unknown or repeated members, other
/// types, no epoch or windows, and bytes behind the object are bad_request; a path that breaks the rules of paths, or a
/// prefix that is not UTF-8, is invalid_path; more than `max_items` windows and ranges are too_large.
std::expected<reader::HintRequest, HintsBodyError> parse_hints_body(std::string_view json, std::uint64_t max_items);

}  // namespace seekfs::http
