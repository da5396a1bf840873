// Percent-decoding without an allocation of its own.
#include "base/percent_decode.h"

#include <algorithm>

namespace seekfs {
namespace {

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string_view> percent_decode(std::string_view text, PlusSign plus, std::string& scratch) {
  const char second_special = plus == PlusSign::space ? '+' : '%';
  // Not find_first_of(), which searches its set anew for each character.
  const auto special = std::ranges::find_if(text, [=](char c) { return c == '%' || c == second_special; });
  if (special == text.end()) return text;
  auto at = static_cast<std::size_t>(special - text.begin());
  const std::size_t begin = scratch.size();
  scratch.append(text.substr(0, at));
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '+' && plus == PlusSign::space) {
      scratch.push_back(' ');
    } else if (c != '%') {
      scratch.push_back(c);
    } else {
      const int high = at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
      const int low = at + 2 < text.size() ? hex_value(text[at + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      scratch.push_back(static_cast<char>(high * 16 + low));
      at += 2;
    }
  }
  return std::string_view(scratch).substr(begin);
}

}  // namespace seekfs
