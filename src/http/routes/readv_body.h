// The body of /readv: a JSON array of ranges, read strictly.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs::http {

struct ReadvItem {
  std::string path;
  std::uint64_t off = 0;
  std::optional<std::uint64_t> len;  ///< absent: to the end (frames only)
};

/// What is wrong with a body, and with which item of it where that is known.
struct ReadvBodyError {
  Error error;
  std::optional<std::size_t> index;
};

/// Items of exactly `path` (string), `off` and `len` (unsigned integers; `off` may be left out: 0); unknown or repeated
/// members, floats, exponents, other types, bytes behind the array and deeper nesting are bad_request; more than
/// `max_items` is too_large.
std::expected<std::vector<ReadvItem>, ReadvBodyError> parse_readv_body(std::string_view json, std::uint64_t max_items);

}  // namespace seekfs::http
