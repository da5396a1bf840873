// Lower-case hexadecimal.
#include "base/hex.h"

namespace seekfs {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

int digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

void write_hex(std::span<const std::byte> bytes, char* out) noexcept {
  for (const std::byte byte : bytes) {
    *out++ = digits[static_cast<unsigned>(byte) >> 4U];
    *out++ = digits[static_cast<unsigned>(byte) & 15U];
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
