// Request lines and body lengths, nothing more of HTTP.
#include "bench/request_counter.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "base/number.h"

namespace seekfs::bench {
namespace {

constexpr std::size_t max_head = 65'536;
constexpr std::string_view end_mark = "\r\n\r\n";

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char left, unsigned char right) { return std::tolower(left) == std::tolower(right); });
}

/// The value of a header field; empty when there is none.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), name)) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    return value;
  }
  return {};
}

/// "/BUCKET/KEY", the key not empty.
bool names_object(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::size_t slash = path.find('/', 1);
  return slash != std::string_view::npos && slash + 1 < path.size();
}

std::optional<S3Operation> operation_of(std::string_view request_line) {
  const std::size_t first = request_line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : request_line.find(' ', first + 1);
  if (second == std::string_view::npos || request_line.substr(second + 1) != "HTTP/1.1") return std::nullopt;
  const std::string_view method = request_line.substr(0, first);
  if (method == "HEAD") return S3Operation::head;
  if (method != "GET") return S3Operation::other;
  return names_object(request_line.substr(first + 1, second - first - 1)) ? S3Operation::get : S3Operation::list;
}

}  // namespace

void RequestCounter::take(std::span<const std::byte> bytes) {
  while (!bytes.empty() && !unreadable_) {
    if (body_left_ > 0) {
      const std::uint64_t skipped = std::min<std::uint64_t>(body_left_, bytes.size());
      body_left_ -= skipped;
      bytes = bytes.subspan(skipped);
      continue;
    }
    // The mark may lie across two pieces.
    const std::size_t before = head_.size();
    head_.append(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), max_head));
    const std::size_t from = before < end_mark.size() ? 0 : before - (end_mark.size() - 1);
    const std::size_t end = head_.find(end_mark, from);
    if (end == std::string::npos) {
      if (head_.size() >= max_head) give_up();
      return;
    }
    head_.resize(end + end_mark.size());
    bytes = bytes.subspan(head_.size() - before);
    end_of_head();
  }
}

void RequestCounter::end_of_head() {
  const std::string_view head = head_;
  const auto operation = operation_of(head.substr(0, head.find("\r\n")));
  const std::string_view length = field(head, "Content-Length");
  const auto body = length.empty() ? std::optional<std::uint64_t>(0) : parse_number(length);
  if (!operation) return give_up();
  ++counts_.requests[static_cast<std::size_t>(*operation)];
  if (!body || !field(head, "Transfer-Encoding").empty()) return give_up();
  body_left_ = *body;
  head_.clear();
}

void RequestCounter::give_up() {
  unreadable_ = true;
  ++counts_.unreadable;
  head_ = {};
}

}  // namespace seekfs::bench
