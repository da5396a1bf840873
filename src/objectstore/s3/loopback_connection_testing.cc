// HTTP/1.1 as far as tests need it: heads of "name: value" lines, bodies of a known length.
#include "objectstore/s3/loopback_connection_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::size_t max_head = 64 * 1024;
constexpr std::uint64_t max_body = std::uint64_t{1} << 30;
/// A head and a body of so many bytes go out in one write.
constexpr std::size_t max_joined = 64 * 1024;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  return result;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the text up to `end`, which is dropped; all of it when there is none.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return taken;
}

/// The request of a head without its last empty line; nothing when it is malformed.
std::optional<ServedRequest> parse_head(std::string_view head) {
  std::string_view first = take_until(head, "\r\n");
  ServedRequest request;
  request.method = take_until(first, " ");
  request.target = take_until(first, " ");
  if (request.method.empty() || request.target.empty() || first != "HTTP/1.1") return std::nullopt;
  while (!head.empty()) {
    std::string_view line = take_until(head, "\r\n");
    if (!line.contains(':')) return std::nullopt;
    const std::string_view name = take_until(line, ":");
    request.headers.emplace_back(lower(name), trim(line));
  }
  return request;
}

std::optional<std::uint64_t> body_length(const ServedRequest& request) {
  const std::string_view text = request.header("content-length");
  if (text.empty()) return 0;
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return length;
}

bool has_body(const ServedRequest& request, int status) {
  return request.method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

bool is_last(const ServedRequest& request, const ServedReply& reply) {
  return reply.close_after || lower(request.header("connection")) == "close";
}

std::string head_of(const ServedRequest& request, const ServedReply& reply) {
  std::string head = fmt::format("HTTP/1.1 {} \r\n", reply.status);
  for (const auto& [name, value] : reply.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (has_body(request, reply.status) || request.method == "HEAD") {
    head += fmt::format("Content-Length: {}\r\n", reply.content_length.value_or(reply.body.size()));
  }
  if (is_last(request, reply)) head += "Connection: close\r\n";
  return head + "\r\n";
}

}  // namespace

bool LoopbackConnection::fill() {
  std::array<char, 64 * 1024> piece;
  const std::size_t count = socket_.read(piece);
  received_.append(piece.data(), count);
  return count > 0;
}

bool LoopbackConnection::receive_head(std::string& head) {
  std::size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (received_.size() > max_head) {
      refuse(431);
      return false;
    }
    if (!fill()) return false;
  }
  head = received_.substr(0, end);
  received_.erase(0, end + 4);
  return true;
}

bool LoopbackConnection::receive_body(std::uint64_t size, std::string& body) {
  const std::size_t at_hand = std::min<std::size_t>(received_.size(), size);
  body = received_.substr(0, at_hand);
  received_.erase(0, at_hand);
  // Room grows with what arrives: a claim alone costs no memory.
  std::size_t filled = at_hand;
  while (filled < size) {
    body.resize(std::min<std::size_t>(size, std::max<std::size_t>(filled * 2, 256 * 1024)));
    while (filled < body.size()) {
      const std::size_t count = socket_.read(std::span(body).subspan(filled));
      if (count == 0) return false;
      filled += count;
    }
  }
  return true;
}

std::optional<ServedRequest> LoopbackConnection::refuse(int status) {
  send({}, {.status = status, .headers = {}, .body = {}, .close_after = true});
  return std::nullopt;
}

std::optional<ServedRequest> LoopbackConnection::receive() {
  std::string head;
  if (!receive_head(head)) return std::nullopt;
  std::optional<ServedRequest> request = parse_head(head);
  if (!request) return refuse(400);
  if (!request->header("transfer-encoding").empty()) return refuse(501);
  const std::optional<std::uint64_t> length = body_length(*request);
  if (!length) return refuse(400);
  if (*length > max_body) return refuse(413);
  if (*length > 0 && lower(request->header("expect")) == "100-continue") {
    if (!socket_.write("HTTP/1.1 100 Continue\r\n\r\n")) return std::nullopt;
  }
  if (!receive_body(*length, request->body)) return std::nullopt;
  request->connection = number_;
  return request;
}

bool LoopbackConnection::write(std::string_view bytes, const ServedReply& reply) {
  if (reply.byte_interval.count() <= 0) return socket_.write(bytes);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (!socket_.write(bytes.substr(at, 1)) || !socket_.wait(reply.byte_interval)) return false;
  }
  return true;
}

bool LoopbackConnection::write_parts(std::string head, std::string_view body, const ServedReply& reply) {
  const std::string_view before = body.substr(0, reply.pause_at.value_or(body.size()));
  if (before.size() <= max_joined) {
    head += before;
    if (!write(head, reply)) return false;
  } else if (!write(head, reply) || !write(before, reply)) {
    return false;
  }
  if (!reply.pause_at) return true;
  return socket_.wait(reply.pause) && write(body.substr(before.size()), reply);
}

bool LoopbackConnection::send_whole(const ServedRequest& request, ServedReply& reply) {
  std::string head = head_of(request, reply);
  std::string_view body = has_body(request, reply.status) ? std::string_view(reply.body) : std::string_view();
  if (reply.pause_at && *reply.pause_at >= body.size()) reply.pause_at.reset();
  if (reply.reset_at) body = body.substr(0, *reply.reset_at);
  if (reply.close_at) body = body.substr(0, *reply.close_at);
  if (!reply.in_flight) return write_parts(std::move(head), body, reply);
  char last = head.back();
  if (body.empty()) {
    head.pop_back();
  } else {
    last = body.back();
    body.remove_suffix(1);
  }
  if (!write_parts(std::move(head), body, reply)) return false;
  reply.in_flight.reset();
  return write({&last, 1}, reply);
}

bool LoopbackConnection::send(const ServedRequest& request, ServedReply reply) {
  if (!socket_.wait(reply.delay)) return false;
  if (reply.no_reply) {
    reply.in_flight.reset();
    socket_.finish();
    return false;
  }
  if (!send_whole(request, reply)) return false;
  if (reply.reset_at) {
    socket_.reset();
    return false;
  }
  if (reply.close_at || is_last(request, reply)) {
    socket_.finish();
    return false;
  }
  return true;
}

}  // namespace seekfs::objectstore::s3
