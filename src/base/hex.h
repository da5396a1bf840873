// Lower-case hexadecimal.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace seekfs {

std::string to_hex(std::span<const std::byte> bytes);

/// Writes 2 × bytes.size() characters at `out`; no terminator.
void write_hex(std::span<const std::byte> bytes, char* out) noexcept;

/// Fills `out` from exactly 2 × out.size() lower-case digits; false on any other text (upper case included).
bool from_hex(std::string_view text, std::span<std::byte> out) noexcept;

}  // namespace seekfs
