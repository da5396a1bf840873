// Base64 by look-up tables.
#include "base/base64.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace seekfs {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_digit_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr std::array<std::uint8_t, 256> digit_values = make_digit_values();

std::uint32_t digit_at(std::string_view text, std::size_t at) noexcept {
  return digit_values[static_cast<unsigned char>(text[at])];
}

std::unexpected<Error> bad_character(std::size_t at) {
  return fail(ErrorCode::invalid, fmt::format("the character at position {} is not a base64 digit", at));
}

/// The last group of four characters, which may end in padding.
Status decode_last_group(std::string_view text, std::vector<std::byte>& out) {
  const std::size_t start = text.size() - 4;
  const std::size_t digits = text[start + 3] != '=' ? 4 : text[start + 2] != '=' ? 3 : 2;
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const std::uint32_t digit = digit_at(text, start + i);
    if (digit == no_digit) return bad_character(start + i);
    word |= digit << (18 - 6 * i);
  }
  for (std::size_t i = 0; i + 1 < digits; ++i) out.push_back(static_cast<std::byte>(word >> (16 - 8 * i) & 0xFFU));
  if ((word & (0xFFFFFFU >> (8 * (digits - 1)))) != 0) {
    return fail(ErrorCode::invalid, "the last base64 digit has bits set that belong to no byte");
  }
  return {};
}

}  // namespace

std::string base64_encode(std::span<const std::byte> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  char* out = text.data();
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < count; ++j) word |= std::to_integer<std::uint32_t>(bytes[i + j]) << (16 - 8 * j);
    for (std::size_t j = 0; j <= count; ++j) out[j] = alphabet[word >> (18 - 6 * j) & 63U];
    out += 4;
  }
  return text;
}

Result<std::vector<std::byte>> base64_decode(std::string_view text) {
  std::vector<std::byte> bytes;
  if (text.empty()) return bytes;
  if (text.size() % 4 != 0) {
    return fail(ErrorCode::invalid,
                fmt::format("base64 text has a multiple of 4 characters, padded with '='; this has {}", text.size()));
  }
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i + 4 < text.size(); i += 4) {
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint32_t digit = digit_at(text, i + j);
      if (digit == no_digit) return bad_character(i + j);
      word = word << 6U | digit;
    }
    bytes.push_back(static_cast<std::byte>(word >> 16U));
    bytes.push_back(static_cast<std::byte>(word >> 8U & 0xFFU));
    bytes.push_back(static_cast<std::byte>(word & 0xFFU));
  }
  SEEKFS_TRY(decode_last_group(text, bytes));
  return bytes;
}

}  // namespace seekfs
