// UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace seekfs {

/// The length in bytes, 1 to 4, of the well-formed sequence that `text` starts with; 0 when it starts with none (empty,
/// overlong, a surrogate, beyond U+10FFFF, cut off).
std::size_t utf8_sequence_length(std::string_view text) noexcept;

/// Whether `text` is well-formed throughout.
bool is_utf8(std::string_view text) noexcept;

}  // namespace seekfs
