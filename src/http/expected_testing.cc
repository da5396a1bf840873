// Building of expected replies.
#include "http/expected_testing.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/json_text.h"
#include "http/problem.h"

namespace seekfs::http {
namespace {

constexpr std::string_view modified = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string request(std::string_view method, std::string_view target, std::string_view fields) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", method, target, fields);
}

std::uint64_t size_of(const std::string& path) {
  if (path == "a.bin") return 1000;
  if (path == "b/c.bin") return 2000;
  if (path == "one.bin") return 1;
  return path == "empty.bin" ? 0 : 100;
}

}  // namespace

void check_cases(TestServer& server, const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_EQ(server.exchange(one.request), one.reply) << one.name;
}

std::string get(std::string_view target, std::string_view fields) { return request("GET", target, fields); }
std::string head(std::string_view target, std::string_view fields) { return request("HEAD", target, fields); }
std::string post(std::string_view target, std::string_view body, std::string_view fields) {
  return request("POST", target, fmt::format("Content-Length: {}\r\n{}", body.size(), fields)) + std::string(body);
}

std::string Expected::reply(std::string_view status, std::string_view fields, std::string_view body,
                            bool closes) const {
  return fmt::format("HTTP/1.1 {}\r\nDate: {}\r\n{}X-Request-Id: <id>\r\n{}\r\n{}", status, server_.date(), fields,
                     closes ? "Connection: close\r\n" : "", body);
}

std::string Expected::file_fields(const std::string& path, std::uint64_t length, std::string_view content_range) const {
  return fmt::format(
      "Content-Type: application/octet-stream\r\nContent-Length: {}\r\nAccept-Ranges: bytes\r\nETag: \"{}\"\r\n"
      "Last-Modified: {}\r\n{}SeekFS-Version: v-3\r\n",
      length, server_.hash(path), modified, content_range);
}

std::string Expected::bytes(const std::string& path, std::uint64_t off, std::uint64_t len) const {
  return reply("200 OK", file_fields(path, len), server_.bytes(path, off, len));
}

std::string Expected::whole(const std::string& path) const { return bytes(path, 0, size_of(path)); }

std::string Expected::part(const std::string& path, std::uint64_t off, std::uint64_t len) const {
  const std::string range = fmt::format("Content-Range: bytes {}-{}/{}\r\n", off, off + len - 1, size_of(path));
  return reply("206 Partial Content", file_fields(path, len, range), server_.bytes(path, off, len));
}

std::string Expected::headers_only(const std::string& path, std::uint64_t length) const {
  return reply("200 OK", file_fields(path, length), "");
}

std::string Expected::not_modified(const std::string& path) const {
  return reply("304 Not Modified",
               fmt::format("Accept-Ranges: bytes\r\nETag: \"{}\"\r\nLast-Modified: {}\r\nSeekFS-Version: v-3\r\n",
                           server_.hash(path), modified),
               "");
}

std::string Expected::json(std::string_view body, std::string_view version) const {
  return reply("200 OK",
               fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n{}", body.size(),
                           version.empty() ? "" : fmt::format("SeekFS-Version: {}\r\n", version)),
               body);
}

std::string Expected::problem(const ProblemText& text) const {
  std::string detail;
  append_json_string(detail, text.detail);
  const ProblemKind& kind = problem_kind(text.code);
  const std::string body = fmt::format(
      R"({{"type":"urn:seekfs:problem:{0}","title":"{1}","status":{2},"detail":{3},"code":"{0}","retryable":{4},)"
      R"("request_id":"<id>"{5}}})",
      to_string(text.code), kind.title, text.status.substr(0, 3), detail, kind.retryable, text.more_members);
  // Ids are 16 digits long before the client replaces them.
  const std::size_t length = body.size() - 4 + 16;
  return reply(
      text.status,
      fmt::format("Content-Type: application/problem+json\r\nContent-Length: {}\r\n{}", length, text.more_fields), body,
      text.closes);
}

}  // namespace seekfs::http
