// Names as messages show them, whatever bytes they have.
#include "manifest/in_quotes.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.h"

namespace seekfs::manifest {
namespace {

constexpr std::size_t max_quoted_bytes = 200;

}  // namespace

bool is_control(std::string_view c) noexcept {
  const auto first = static_cast<unsigned char>(c[0]);
  if (c.size() == 1) return first < 0x20 || first == 0x7F;
  return first == 0xC2 && static_cast<unsigned char>(c[1]) < 0xA0;
}

std::string in_quotes(std::string_view text) {
  std::string out = "'";
  std::size_t at = 0;
  while (at < text.size() && at < max_quoted_bytes) {
    const std::size_t well_formed = utf8_sequence_length(text.substr(at));
    const std::string_view c = text.substr(at, std::max<std::size_t>(well_formed, 1));
    if (well_formed != 0 && !is_control(c) && c != "'" && c != "\\") {
      out += c;
    } else {
      for (const char byte : c) fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
    }
    at += c.size();
  }
  if (at < text.size()) out += "…";
  out += '\'';
  return out;
}

}  // namespace seekfs::manifest
