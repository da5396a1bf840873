// Cursors as text: hex of "<version>:<f|p><last>".
#include "http/routes/list_cursor.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "base/number.h"
#include "http/ascii.h"

namespace seekfs::http {

std::string encode_cursor(const ListCursor& cursor) {
  const std::string plain = fmt::format("{}:{}{}", cursor.version, cursor.is_prefix ? 'p' : 'f', cursor.last);
  return to_hex(std::as_bytes(std::span(plain)));
}

Result<ListCursor> decode_cursor(std::string_view text) {
  const auto bad = [] { return fail(ErrorCode::bad_request, "'after' must be the 'next' of an earlier reply"); };
  std::string plain(text.size() / 2, '\0');
  if (text.size() % 2 != 0 || !from_hex(text, std::as_writable_bytes(std::span(plain)))) return bad();
  std::string_view rest = plain;
  const auto version = parse_number(take_until(rest, ':'));
  if (!version || *version == 0 || rest.empty() || (rest.front() != 'p' && rest.front() != 'f')) return bad();
  return ListCursor{*version, rest.front() == 'p', std::string(rest.substr(1))};
}

}  // namespace seekfs::http
