// One pass over the UTF-8 sequences.
#include "base/printable.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"

namespace seekfs {

std::string printable(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    const bool c1 = length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    if (length == 0 || first < 0x20 || first == 0x7F || c1) {
      const std::size_t count = std::max<std::size_t>(length, 1);
      for (const char letter : text.substr(0, count)) {
        safe += fmt::format("\\x{:02X}", static_cast<unsigned char>(letter));
      }
      text.remove_prefix(count);
    } else {
      safe += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return safe;
}

}  // namespace seekfs
