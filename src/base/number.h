// Unsigned decimal numbers as clients write them: digits only.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace seekfs {

/// The number that `text` is, in full; nothing when it is empty, has a sign, a space or any other character, or passes
/// 2^64-1.
inline std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const auto [stop, error] = std::from_chars(text.begin(), text.end(), number);
  if (text.empty() || error != std::errc{} || stop != text.end()) return std::nullopt;
  return number;
}

}  // namespace seekfs
