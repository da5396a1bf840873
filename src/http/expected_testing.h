// Requests and the exact replies they must get, spelled once for all tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/server_testing.h"

namespace seekfs::http {

struct Case {
  std::string name;
  std::string request;
  std::string reply;
};

/// Sends each case on a connection of its own and compares the whole reply.
void check_cases(TestServer& server, const std::vector<Case>& cases);

/// "GET <target> HTTP/1.1", Host: localhost and more fields, each ending in CRLF.
std::string get(std::string_view target, std::string_view fields = "");
std::string head(std::string_view target, std::string_view fields = "");
std::string post(std::string_view target, std::string_view body, std::string_view fields = "");

struct ProblemText {
  std::string status;  ///< "404 Not Found"
  ErrorCode code = ErrorCode::bad_request;
  std::string detail;
  std::string more_fields;   ///< header fields between Content-Length and X-Request-Id
  std::string more_members;  ///< ",\"ns\":\"demo\""
  bool closes = false;
};

/// What replies look like on a server's clock and data.
class Expected {
 public:
  explicit Expected(const TestServer& server) : server_(server) {}

  /// A reply with its fields between Date and X-Request-Id.
  std::string reply(std::string_view status, std::string_view fields, std::string_view body, bool closes = false) const;
  /// The fields of a reply about a file.
  std::string file_fields(const std::string& path, std::uint64_t length, std::string_view content_range = "") const;
  /// 200 with a part of a file, or with its whole.
  std::string bytes(const std::string& path, std::uint64_t off, std::uint64_t len) const;
  std::string whole(const std::string& path) const;
  /// 206.
  std::string part(const std::string& path, std::uint64_t off, std::uint64_t len) const;
  /// The header that a HEAD or a 304 gets.
  std::string headers_only(const std::string& path, std::uint64_t length) const;
  std::string not_modified(const std::string& path) const;
  std::string json(std::string_view body, std::string_view version = "") const;
  std::string problem(const ProblemText& text) const;

 private:
  const TestServer& server_;
};

}  // namespace seekfs::http
