// Dates of HTTP (IMF-fixdate, RFC 9110 section 5.6.7), formatted without the C library's locale and locks.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seekfs {

/// "Sun, 06 Nov 1994 08:49:37 GMT"; always 29 characters.
using HttpDateText = std::array<char, 29>;

/// Seconds since the Unix epoch; years outside 0 to 9999 are clamped to them.
HttpDateText format_http_date(std::int64_t unix_seconds) noexcept;

/// Only the fixed form that every sender must use; nothing for other text (the two obsolete forms included), whose
/// header field is then ignored as the RFC says.
std::optional<std::int64_t> parse_http_date(std::string_view text) noexcept;

}  // namespace seekfs
