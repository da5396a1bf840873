// Parsing of reply headers.
#include "bench/reply_head.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/number.h"

namespace seekfs::bench {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";

std::unexpected<Error> refuse(std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("the reply's header is not HTTP/1.1 as expected: {}", what));
}

constexpr char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A')) : character;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, lower, lower); }

/// A name of RFC 9110, section 5.1: no space, so a folded line is none.
bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char character) {
    const char small = lower(character);
    return (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') || token_marks.contains(character);
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<int> parse_status_line(std::string_view line) {
  constexpr std::string_view version = "HTTP/1.1 ";
  if (!line.starts_with(version)) return refuse("its first line does not begin with HTTP/1.1");
  const std::string_view digits = line.substr(version.size(), 3);
  const auto status = parse_number(digits);
  const bool ends = line.size() == version.size() + 3 || line.substr(version.size() + 3).starts_with(' ');
  if (digits.size() != 3 || !status || *status < 200 || *status > 599 || !ends) {
    return refuse("its status is no final one of 200 to 599");
  }
  return static_cast<int>(*status);
}

}  // namespace

Result<ReplyHead> parse_reply_head(std::string_view text) {
  if (!text.ends_with("\r\n\r\n")) return refuse("it does not end");
  std::size_t end = text.find(line_end);
  ReplyHead head;
  SEEKFS_ASSIGN(head.status, parse_status_line(text.substr(0, end)));
  std::optional<std::uint64_t> length;
  for (text.remove_prefix(end + 2); text != line_end; text.remove_prefix(end + 2)) {
    end = text.find(line_end);
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(':');
    if (line.contains('\n') || line.contains('\r') || line.contains('\0'))
      return refuse("a line has a control character");
    if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) return refuse("a line is no field");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(name, "transfer-encoding")) return refuse("it has a Transfer-Encoding");
    if (equal_ignoring_case(name, "connection") && equal_ignoring_case(value, "close")) head.keep_alive = false;
    if (!equal_ignoring_case(name, "content-length")) continue;
    if (length) return refuse("it has several Content-Length");
    length = parse_number(value);
    if (!length) return refuse("Content-Length is no number");
  }
  if (!length) return refuse("it has no Content-Length");
  head.content_length = *length;
  return head;
}

}  // namespace seekfs::bench
