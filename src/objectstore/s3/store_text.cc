// One pass over the UTF-8 sequences of what is shown.
#include "objectstore/s3/store_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.h"

namespace seekfs::objectstore::s3 {
namespace {

/// An error document may have a megabyte, and its text goes into logs and answers to readers.
constexpr std::size_t longest = 500;

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F;
  return sequence.size() == 2 && first == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

}  // namespace

std::string store_text(std::string_view text) {
  std::string shown;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_sequence_length(text.substr(at));
    const std::string_view sequence = text.substr(at, std::max<std::size_t>(length, 1));
    if (at + sequence.size() > longest) return shown + "...";
    if (length > 0 && !is_control(sequence)) {
      shown += sequence;
    } else {
      for (const char byte : sequence) {
        fmt::format_to(std::back_inserter(shown), "\\x{:02X}", static_cast<unsigned char>(byte));
      }
    }
    at += sequence.size();
  }
  return shown;
}

}  // namespace seekfs::objectstore::s3
