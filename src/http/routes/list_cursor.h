// The cursor of /files: where a list goes on, and in which version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::http {

struct ListCursor {
  std::uint64_t version = 0;
  bool is_prefix = false;  ///< `last` is a common prefix: everything below it was listed
  std::string last;        ///< the last path or common prefix that was given
};

/// Opaque text of hexadecimal digits, so that it needs no escaping in a query.
std::string encode_cursor(const ListCursor& cursor);
/// bad_request on anything that encode_cursor does not give.
Result<ListCursor> decode_cursor(std::string_view text);

}  // namespace seekfs::http
