// Writing a reply's header, without allocations.
#include "http/reply_head.h"

#include <cstring>

#include "base/http_date.h"

namespace seekfs::http {
namespace {

/// What all fields take at most but for the texts that a ReplyHead and a ReplyContext give: their names, the status
/// line, a date, and eight numbers of 20 digits.
constexpr std::size_t most_fixed_bytes = 448;

/// Writes into room that was made before, so that no piece has to be checked against it.
class Text {
 public:
  explicit Text(char* at) noexcept : at_(at) {}

  template <std::size_t size>
  void put(const char (&literal)[size]) noexcept {
    put_bytes(literal, size - 1);
  }
  void put(std::string_view text) noexcept { put_bytes(text.data(), text.size()); }
  void put(std::uint64_t number) noexcept {
    const fmt::format_int digits(number);
    put_bytes(digits.data(), digits.size());
  }
  /// One field whose value is made of `parts`.
  template <class... Parts>
  void field(const Parts&... parts) noexcept {
    (put(parts), ...);
    put("\r\n");
  }
  char* end() const noexcept { return at_; }

 private:
  void put_bytes(const char* bytes, std::size_t count) noexcept {
    std::memcpy(at_, bytes, count);
    at_ += count;
  }

  char* at_;
};

void put_content_range(Text& out, const ContentRange& range) {
  if (range.off) {
    out.field("Content-Range: bytes ", *range.off, "-", *range.off + range.len - 1, "/", range.size);
  } else {
    out.field("Content-Range: bytes */", range.size);
  }
}

void put_framing(Text& out, const ReplyHead& head, const ReplyContext& context) {
  if (head.no_body) return;
  if (head.content_length) {
    out.field("Content-Length: ", *head.content_length);
  } else if (!context.http_1_0) {
    out.field("Transfer-Encoding: chunked");
  }
}

void put_connection(Text& out, const ReplyContext& context) {
  if (!context.keep_alive) {
    out.field("Connection: close");
  } else if (context.http_1_0) {
    out.field("Connection: keep-alive");
  }
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 206: return "Partial Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

void append_head(TextBuffer& out, const ReplyHead& head, const ReplyContext& context) {
  const std::size_t begin = out.size();
  out.reserve(begin + most_fixed_bytes + context.date.size() + head.content_type.size() + head.etag.size() +
              head.allow.size() + context.request_id.size());
  Text text(out.data() + begin);
  text.field("HTTP/1.1 ", static_cast<std::uint64_t>(head.status), " ", reason_phrase(head.status));
  text.field("Date: ", context.date);
  if (!head.content_type.empty()) text.field("Content-Type: ", head.content_type);
  put_framing(text, head, context);
  if (head.accept_ranges) text.field("Accept-Ranges: bytes");
  if (!head.etag.empty()) text.field("ETag: \"", head.etag, "\"");
  if (head.last_modified) {
    const HttpDateText date = format_http_date(*head.last_modified);
    text.field("Last-Modified: ", std::string_view(date.data(), date.size()));
  }
  if (head.content_range) put_content_range(text, *head.content_range);
  if (head.version) text.field("SeekFS-Version: v-", *head.version);
  if (!head.allow.empty()) text.field("Allow: ", head.allow);
  if (head.retry_after) text.field("Retry-After: ", static_cast<std::uint64_t>(head.retry_after->count()));
  text.field("X-Request-Id: ", context.request_id);
  put_connection(text, context);
  text.put("\r\n");
  out.resize(static_cast<std::size_t>(text.end() - out.data()));
}

}  // namespace seekfs::http
