// The cut, at the start of a character.
#include "objectstore/s3/store_text.h"

#include "base/printable.h"

namespace seekfs::objectstore::s3 {

std::string store_text(std::string_view text) {
  // An error document may have a megabyte, and its text goes into logs and answers to readers.
  constexpr std::size_t longest = 500;
  if (text.size() <= longest) return printable(text);
  const auto is_continuation = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80; };
  std::size_t end = longest;
  for (int back = 0; back < 3 && is_continuation(end); ++back) --end;
  return printable(text.substr(0, end)) + "...";
}

}  // namespace seekfs::objectstore::s3
