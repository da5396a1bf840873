// The header of an HTTP/1.1 reply as a benchmark's client takes it: small and strict.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace seekfs::bench {

/// Headers longer than this are refused, in bytes.
inline constexpr std::size_t max_reply_head = 16 * 1024;

struct ReplyHead {
  int status = 0;
  std::uint64_t content_length = 0;
  bool keep_alive = true;
};

/// `text` is everything up to and with the empty line. `corrupt` with what is wrong for anything that RFC 9112 does not
/// allow or whose end this client could not find: another version than HTTP/1.1, a status that is not three digits, a
/// line that does not end in CR LF, a folded line, a field without a colon or with a space before it, no Content-Length
/// or more than one, one that is no number, and any Transfer-Encoding.
Result<ReplyHead> parse_reply_head(std::string_view text);

}  // namespace seekfs::bench
