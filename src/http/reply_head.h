// The header of one reply and its text.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace seekfs::http {

/// "bytes off-last/size", or "bytes */size" without a part.
struct ContentRange {
  std::optional<std::uint64_t> off;
  std::uint64_t len = 0;
  std::uint64_t size = 0;
};

/// What a route says about its reply. Empty and absent fields are left out.
struct ReplyHead {
  int status = 200;
  std::string_view content_type;
  /// Nothing: the length is not known before the end (frames); the body is chunked, or ends with the connection in
  /// HTTP/1.0. Replies that have no body (304) leave it out by `no_body`.
  std::optional<std::uint64_t> content_length;
  bool no_body = false;
  bool accept_ranges = false;
  std::string_view etag;  ///< without its quotes
  std::optional<std::int64_t> last_modified;
  std::optional<ContentRange> content_range;
  std::optional<std::uint64_t> version;
  std::string_view allow;
  std::optional<std::chrono::seconds> retry_after;
};

/// What the connection adds.
struct ReplyContext {
  bool http_1_0 = false;
  bool keep_alive = true;
  std::string_view date;
  std::string_view request_id;
};

using TextBuffer = fmt::basic_memory_buffer<char, 1024>;

/// Appends the status line and all fields, with the empty line behind them.
void append_head(TextBuffer& out, const ReplyHead& head, const ReplyContext& context);

/// The phrase of RFC 9110 and RFC 6585; "Error" for a status that this server does not use.
std::string_view reason_phrase(int status) noexcept;

}  // namespace seekfs::http
