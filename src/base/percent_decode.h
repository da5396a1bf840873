// Percent-decoding (RFC 3986 section 2.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seekfs {

/// What '+' stands for: itself in a path, a space in a query.
enum class PlusSign : std::uint8_t { plus, space };

/// `text` decoded once: `text` itself when nothing in it is escaped, else a view of what was appended to `scratch`,
/// which must have capacity for it (decoding never lengthens), so that earlier views into it stay valid. Nothing on a
/// '%' that two hexadecimal digits do not follow.
std::optional<std::string_view> percent_decode(std::string_view text, PlusSign plus, std::string& scratch);

}  // namespace seekfs
