// One request, one reply, on a blocking socket.
#include "bench/http_client.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace seekfs::bench {
namespace {

constexpr std::uint64_t max_refusal = 4096;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::unexpected<Error> ended(std::string_view where) {
  return fail(ErrorCode::transient, fmt::format("the daemon closed the connection {}", where));
}

}  // namespace

Status HttpClient::connect() {
  if (socket_) return {};
  SEEKFS_ASSIGN(socket_, Socket::connect_to(endpoint_));
  return {};
}

Status HttpClient::fetch(const HttpRequest& request, std::span<std::byte> out) {
  auto head = exchange(request);
  if (!head) {
    close();
    return std::unexpected(std::move(head).error());
  }
  Status result;
  if (head->status != request.status) {
    result = std::unexpected(refusal(*head, request.target));
  } else if (head->content_length != out.size()) {
    result = fail(ErrorCode::corrupt, fmt::format("{}: the reply has {} bytes instead of {}", request.target,
                                                  head->content_length, out.size()));
  } else {
    result = receive_body(out);
  }
  if (result) result = check_end();
  if (!result || !head->keep_alive) close();
  return result;
}

Result<std::string> HttpClient::fetch_text(const HttpRequest& request, std::size_t limit) {
  auto head = exchange(request);
  if (!head) {
    close();
    return std::unexpected(std::move(head).error());
  }
  Result<std::string> result;
  if (head->status != request.status) {
    result = std::unexpected(refusal(*head, request.target));
  } else if (head->content_length > limit) {
    result =
        fail(ErrorCode::too_large, fmt::format("{}: the reply has {} bytes", request.target, head->content_length));
  } else {
    result->resize(head->content_length);
    Status whole = receive_body(std::as_writable_bytes(std::span(*result)));
    if (whole) whole = check_end();
    if (!whole) result = std::unexpected(std::move(whole).error());
  }
  if (!result || !head->keep_alive) close();
  return result;
}

Result<ReplyHead> HttpClient::exchange(const HttpRequest& request) {
  SEEKFS_TRY(connect());
  text_.clear();
  fmt::format_to(std::back_inserter(text_), "{} {} HTTP/1.1\r\nHost: {}\r\n{}", request.verb, request.target,
                 endpoint_.authority(), request.fields);
  if (request.verb != "GET") fmt::format_to(std::back_inserter(text_), "Content-Length: {}\r\n", request.body.size());
  text_ += "\r\n";
  text_ += request.body;
  SEEKFS_TRY(socket_->send(text_));
  return receive_head();
}

Result<ReplyHead> HttpClient::receive_head() {
  constexpr std::string_view end_of_head = "\r\n\r\n";
  begin_ = end_ = 0;
  for (;;) {
    const std::string_view text = text_of(std::span(buffer_).first(end_));
    if (const std::size_t found = text.find(end_of_head); found != std::string_view::npos) {
      begin_ = found + end_of_head.size();
      return parse_reply_head(text.substr(0, begin_));
    }
    if (end_ == buffer_.size()) return fail(ErrorCode::corrupt, "the reply's header does not end within 16 KiB");
    SEEKFS_ASSIGN(const std::size_t got, socket_->receive(std::span(buffer_).subspan(end_)));
    if (got == 0) return ended("before its reply's header was whole");
    end_ += got;
  }
}

Status HttpClient::receive_body(std::span<std::byte> out) {
  const std::size_t early = std::min(out.size(), end_ - begin_);
  std::memcpy(out.data(), buffer_.data() + begin_, early);
  begin_ += early;
  out = out.subspan(early);
  while (!out.empty()) {
    SEEKFS_ASSIGN(const std::size_t got, socket_->receive(out));
    if (got == 0) return ended(fmt::format("{} bytes short of Content-Length", out.size()));
    out = out.subspan(got);
  }
  return {};
}

Status HttpClient::check_end() const {
  if (begin_ == end_) return {};
  return fail(ErrorCode::corrupt, fmt::format("{} bytes came behind the reply", end_ - begin_));
}

Error HttpClient::refusal(const ReplyHead& head, std::string_view target) {
  std::string detail(std::min(head.content_length, max_refusal), '\0');
  if (!receive_body(std::as_writable_bytes(std::span(detail)))) detail = "(its text did not arrive)";
  ErrorCode code = ErrorCode::bad_request;
  if (head.status == 401 || head.status == 403) code = ErrorCode::denied;
  if (head.status == 404) code = ErrorCode::not_found;
  if (head.status >= 500) code = ErrorCode::origin_unavailable;
  return {code, fmt::format("{}: status {}: {}", target, head.status, detail)};
}

void HttpClient::close() noexcept {
  socket_.reset();
  begin_ = end_ = 0;
}

}  // namespace seekfs::bench
