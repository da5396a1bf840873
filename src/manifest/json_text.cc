// Writing of JSON text.
#include "manifest/json_text.h"

#include <fmt/format.h>

#include <iterator>

#include "base/utf8.h"

namespace seekfs::manifest {
namespace {

void append_ascii(std::string& out, char c) {
  if (c == '"' || c == '\\') {
    out += '\\';
    out += c;
  } else if (static_cast<unsigned char>(c) < 0x20) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  } else {
    out += c;
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t length = utf8_sequence_length(text);
    if (length == 1) {
      append_ascii(out, text.front());
    } else if (length != 0) {
      out += text.substr(0, length);
    } else {
      out += "\uFFFD";
      length = 1;
    }
    text.remove_prefix(length);
  }
  out += '"';
}

}  // namespace seekfs::manifest
