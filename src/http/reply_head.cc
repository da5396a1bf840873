// Writing a reply's header, without allocations.
#include "http/reply_head.h"

#include "base/http_date.h"

namespace seekfs::http {
namespace {

void put(TextBuffer& out, std::string_view text) { out.append(text.data(), text.data() + text.size()); }

void put(TextBuffer& out, std::uint64_t number) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.data() + digits.size());
}

/// One field whose value is made of `parts`.
template <class... Parts>
void field(TextBuffer& out, std::string_view name, const Parts&... parts) {
  put(out, name);
  (put(out, parts), ...);
  put(out, "\r\n");
}

void put_content_range(TextBuffer& out, const ContentRange& range) {
  if (range.off) {
    field(out, "Content-Range: bytes ", *range.off, "-", *range.off + range.len - 1, "/", range.size);
  } else {
    field(out, "Content-Range: bytes */", range.size);
  }
}

void put_framing(TextBuffer& out, const ReplyHead& head, const ReplyContext& context) {
  if (head.no_body) return;
  if (head.content_length) {
    field(out, "Content-Length: ", *head.content_length);
  } else if (!context.http_1_0) {
    put(out, "Transfer-Encoding: chunked\r\n");
  }
}

void put_connection(TextBuffer& out, const ReplyContext& context) {
  if (!context.keep_alive) {
    put(out, "Connection: close\r\n");
  } else if (context.http_1_0) {
    put(out, "Connection: keep-alive\r\n");
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
  field(out, "HTTP/1.1 ", static_cast<std::uint64_t>(head.status), " ", reason_phrase(head.status));
  field(out, "Date: ", context.date);
  if (!head.content_type.empty()) field(out, "Content-Type: ", head.content_type);
  put_framing(out, head, context);
  if (head.accept_ranges) put(out, "Accept-Ranges: bytes\r\n");
  if (!head.etag.empty()) field(out, "ETag: \"", head.etag, "\"");
  if (head.last_modified) {
    const HttpDateText text = format_http_date(*head.last_modified);
    field(out, "Last-Modified: ", std::string_view(text.data(), text.size()));
  }
  if (head.content_range) put_content_range(out, *head.content_range);
  if (head.version) field(out, "SeekFS-Version: v-", *head.version);
  if (!head.allow.empty()) field(out, "Allow: ", head.allow);
  if (head.retry_after) field(out, "Retry-After: ", static_cast<std::uint64_t>(head.retry_after->count()));
  field(out, "X-Request-Id: ", context.request_id);
  put_connection(out, context);
  put(out, "\r\n");
}

}  // namespace seekfs::http
