// Lower-case hexadecimal.
#include "base/hex.h"

#include <array>
#include <cstring>

namespace seekfs {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

/// Both digits of every byte.
constexpr std::array<char, 512> digit_pairs = [] {
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = digits[i >> 4U];
    pairs[2 * i + 1] = digits[i & 15U];
  }
  return pairs;
}();

int digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void write_hex(std::span<const std::byte> bytes, char* out) noexcept {
  for (const std::byte byte : bytes) {
    std::memcpy(out, &digit_pairs[2 * static_cast<std::size_t>(byte)], 2);
    out += 2;
  }
}

std::string to_hex(std::span<const std::byte> bytes) {
  std::string text(bytes.size() * 2, '\0');
  write_hex(bytes, text.data());
  return text;
}

bool from_hex(std::string_view text, std::span<std::byte> out) noexcept {
  if (text.size() != out.size() * 2) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int high = digit_value(text[2 * i]);
    const int low = digit_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::byte>(high * 16 + low);
  }
  return true;
}

}  // namespace seekfs
