// Content-Range and Content-Length: RFC 9110 sections 8.6 and 14.4.
#include "objectstore/s3/object_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/http_date.h"
#include "base/number.h"
#include "base/wall_time.h"
#include "objectstore/s3/entity_tag.h"

namespace seekfs::objectstore::s3 {
namespace {

/// Takes a number off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!take(text, "bytes ")) return std::nullopt;
  const auto first = take_number(text);
  if (!first || !take(text, "-")) return std::nullopt;
  const auto last = take_number(text);
  if (!last || !take(text, "/")) return std::nullopt;
  const auto total = take_number(text);
  if (!total || !text.empty() || *first > *last || *last >= *total) return std::nullopt;
  return ContentRange{*first, *last, *total};
}

Result<std::uint64_t> content_length(const HttpReplyHead& head) {
  const auto length = parse_number(head.find("content-length").value_or(""));
  if (!length) return fail(ErrorCode::corrupt, "the answer has no Content-Length");
  return *length;
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> time_header(const HttpReplyHead& head, std::string_view name) {
  const auto text = head.find(name);
  const auto seconds = text ? parse_http_date(*text) : std::nullopt;
  if (!seconds) return std::nullopt;
  return wall_time(std::chrono::sys_seconds(std::chrono::seconds(*seconds)));
}

Result<ObjectInfo> object_of_head(const std::string& key, const HttpReplyHead& head) {
  ObjectInfo info;
  info.key = key;
  SEEKFS_ASSIGN(info.size, content_length(head));
  SEEKFS_ASSIGN(info.etag, entity_tag_of(head));
  info.version_id = version_id_of(head);
  if (const auto modified = time_header(head, "last-modified")) info.modified = *modified;
  return info;
}

Result<GetHead> object_of_get(const std::string& key, const HttpReplyHead& head,
                              const std::optional<ByteRange>& asked) {
  GetHead got;
  SEEKFS_ASSIGN(got.info, object_of_head(key, head));
  const std::uint64_t length = got.info.size;
  if (head.status == 200) {
    if (asked && (asked->off != 0 || asked->len < length)) {
      return fail(ErrorCode::corrupt, "the store ignores the Range header and sends the whole object");
    }
    got.bytes = {0, length};
    return got;
  }
  const auto range = parse_content_range(head.find("content-range").value_or(""));
  if (!asked || !range) return fail(ErrorCode::corrupt, "the answer is partial without a good Content-Range");
  const std::uint64_t expected = asked->off < range->total ? std::min(asked->len, range->total - asked->off) : 0;
  if (range->first != asked->off || range->last - range->first + 1 != expected || length != expected) {
    return fail(ErrorCode::corrupt,
                fmt::format("the answer holds bytes {}-{} of {} with Content-Length {}; asked were {} at {}",
                            range->first, range->last, range->total, length, asked->len, asked->off));
  }
  got.info.size = range->total;
  got.bytes = {range->first, length};
  return got;
}

std::string range_header(const ByteRange& range) {
  // Servers count with 63 bits. No object is that long: both texts mean the same.
  constexpr std::uint64_t last_byte = std::numeric_limits<std::int64_t>::max() - 1;
  const std::uint64_t off = std::min(range.off, last_byte);
  if (range.len - 1 > last_byte - off) return fmt::format("bytes={}-", off);
  return fmt::format("bytes={}-{}", off, off + range.len - 1);
}

}  // namespace seekfs::objectstore::s3
