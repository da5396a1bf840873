// HTTP itself by raw sockets: good and bad requests and the exact bytes of their replies.
#include <gtest/gtest.h>

#include "http/expected_testing.h"

namespace seekfs::http {
namespace {

std::string closing(const Expected& expect, std::string status, std::string detail,
                    ErrorCode code = ErrorCode::bad_request) {
  return expect.problem({std::move(status), code, std::move(detail), "", "", true});
}

const std::string ok_fields = "Content-Type: text/plain\r\nContent-Length: 3\r\n";

TEST(ProtocolTable, Framing) {
  TestServer server;
  const Expected expect(server);
  const std::string ok = expect.reply("200 OK", ok_fields, "ok\n");
  const std::string target = "GET /healthz HTTP/1.1\r\n";
  std::string kept_alive = ok;
  kept_alive.insert(kept_alive.find("\r\n\r\n") + 2, "Connection: keep-alive\r\n");
  check_cases(
      server,
      {{"plain", get("/healthz"), ok},
       {"two at once", get("/healthz") + get("/healthz"), ok + ok},
       {"empty lines before nothing", "", ""},
       {"cut header", "GET /healthz HTTP/1.1\r\nHost: loc", ""},
       {"close", get("/healthz", "Connection: close\r\n"), expect.reply("200 OK", ok_fields, "ok\n", true)},
       {"close ends the pipeline", get("/healthz", "Connection: close\r\n") + get("/healthz"),
        expect.reply("200 OK", ok_fields, "ok\n", true)},
       {"HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", expect.reply("200 OK", ok_fields, "ok\n", true)},
       {"HTTP/1.0 with keep-alive", "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", kept_alive},
       {"no Host", target + "\r\n", closing(expect, "400 Bad Request", "the request has no Host")},
       {"two Hosts", target + "Host: localhost\r\nHost: localhost\r\n\r\n",
        closing(expect, "400 Bad Request", "the request has more than one Host")},
       {"chunked", "POST /readv?ns=demo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        closing(expect, "411 Length Required", "bodies need a Content-Length; Transfer-Encoding is not taken")},
       {"gzip, chunked",
        "POST /readv?ns=demo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        closing(expect, "501 Not Implemented", "this Transfer-Encoding is not known here; send a Content-Length")},
       {"chunked in HTTP/1.0", "POST /readv?ns=demo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        closing(expect, "400 Bad Request", "HTTP/1.0 has no Transfer-Encoding")},
       {"two equal lengths", target + "Host: localhost\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        closing(expect, "400 Bad Request", "the request has more than one Content-Length")},
       {"unknown expectation", get("/healthz", "Expect: tea\r\n"),
        closing(expect, "417 Expectation Failed", "the only expectation known here is 100-continue")},
       {"a second expectation", get("/healthz", "Expect: 100-continue\r\nExpect: tea\r\n"),
        closing(expect, "417 Expectation Failed", "the only expectation known here is 100-continue")},
       {"two ranges", get("/ns/demo/a.bin", "Range: bytes=0-1\r\nRange: bytes=2-3\r\n"),
        closing(expect, "400 Bad Request", "the request has more than one Range")},
       {"two conditions of a range",
        get("/ns/demo/a.bin", "If-Range: \"x\"\r\nRange: bytes=0-1\r\nIf-Range: \"y\"\r\n"),
        closing(expect, "400 Bad Request", "the request has more than one If-Range")},
       {"body where none is read", get("/healthz", "Content-Length: 3\r\n") + "abc",
        expect.reply("200 OK", ok_fields, "ok\n", true)},
       {"other version", "GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
        closing(expect, "505 HTTP Version Not Supported", "only HTTP/1.0 and HTTP/1.1 are spoken here")}});
}

/// Requests whose refusal's words are the parser's: status, code and closing are what matters.
TEST(ProtocolTable, NotHttp) {
  TestServer server;
  const std::vector<std::pair<std::string, std::string>> requests = {
      {"garbage", "\x16\x03\x01\x02\r\n\r\n"},
      {"no version", "GET /healthz\r\n\r\n"},
      {"bad version", "GET /healthz HTTQ/1.1\r\nHost: localhost\r\n\r\n"},
      {"two spaces", "GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"space in the target", "GET /health z HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"bare line feeds", "GET /healthz HTTP/1.1\nHost: localhost\n\n"},
      {"folded field", get("/healthz", "X-A: 1\r\n 2\r\n")},
      {"folded field with nothing on its first line", get("/healthz", "X-A:\r\n 2\r\n")},
      {"two ranges, the first empty", get("/healthz", "Range:\r\nRange: bytes=0-9\r\n")},
      {"space before the colon", get("/healthz", "X-A : 1\r\n")},
      {"no colon", get("/healthz", "X-A\r\n")},
      {"control character", get("/healthz", "X-A: \x01\r\n")},
      {"NUL", get("/healthz", std::string("X-A: \0\r\n", 8))},
      {"negative length", get("/healthz", "Content-Length: -1\r\n")},
      {"hexadecimal length", get("/healthz", "Content-Length: 0x1\r\n")},
      {"two lengths", get("/healthz", "Content-Length: 1\r\nContent-Length: 2\r\n")},
      {"length and encoding", get("/healthz", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")},
      {"encoding and length", get("/healthz", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")},
      {"fragment", get("/healthz#x")},
      {"byte above ASCII", get("/ns/demo/\xC3\xBC")},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"authority", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {"other scheme", "GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n"},
  };
  for (const auto& [name, request] : requests) {
    const std::string reply = server.exchange(request);
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 400 Bad Request\r\n")) << name << ": " << reply;
    EXPECT_NE(reply.find("\r\nConnection: close\r\n"), std::string::npos) << name;
    EXPECT_NE(reply.find(R"("code":"bad_request")"), std::string::npos) << name;
  }
}

TEST(ProtocolTable, Limits) {
  TestServer server;
  const Expected expect(server);
  check_cases(
      server,
      {{"long target", get("/" + std::string(9000, 'a')),
        closing(expect, "414 URI Too Long", "the target is longer than 8192 bytes", ErrorCode::too_large)},
       {"endless target", "GET /" + std::string(20000, 'a'),
        closing(expect, "414 URI Too Long", "the request line is longer than 16384 bytes", ErrorCode::too_large)},
       {"long header", get("/healthz", "X-A: " + std::string(17000, 'a') + "\r\n"),
        closing(expect, "431 Request Header Fields Too Large", "the header is longer than 16384 bytes",
                ErrorCode::too_large)},
       {"long body", "POST /readv?ns=demo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16777217\r\n\r\n",
        expect.problem({"413 Content Too Large", ErrorCode::too_large, "the body is longer than 16777216 bytes", "",
                        R"(,"ns":"demo")", true})},
       {"fits", get("/healthz", "X-A: " + std::string(16000, 'a') + "\r\n"),
        expect.reply("200 OK", ok_fields, "ok\n")}});
}

TEST(ProtocolTable, MethodsAndPaths) {
  TestServer server;
  const Expected expect(server);
  const std::string nothing = expect.problem(
      {"404 Not Found", ErrorCode::not_found, "there is no such endpoint; docs/SPEC.md lists them", "", "", false});
  const auto not_allowed = [&](const std::string& method, const std::string& allow) {
    return expect.problem({"405 Method Not Allowed", ErrorCode::method_not_allowed,
                           method + " is not allowed here; use " + allow, "Allow: " + allow + "\r\n", "", false});
  };
  const auto with_method = [](const std::string& method, const std::string& target) {
    return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  };
  std::vector<Case> cases = {
      {"DELETE", with_method("DELETE", "/blob?ns=demo&path=a.bin"), not_allowed("DELETE", "GET, HEAD")},
      {"PUT", with_method("PUT", "/ns/demo/a.bin"), not_allowed("PUT", "GET, HEAD")},
      {"an unknown method", with_method("BREW", "/files?ns=demo"), not_allowed("BREW", "GET, HEAD")},
      {"GET of readv", get("/readv?ns=demo"), not_allowed("GET", "POST")},
      {"lower case", with_method("get", "/healthz"), not_allowed("get", "GET, HEAD")}};
  for (const std::string path : {"/", "/hint/1", "/advisor", "/blob/", "//blob", "/v1", "/v1/", "/v2/blob",
                                 "/v1/v1/blob", "/Blob", "/test_head?key=a", "/test_stream?key=a", "/%62lob"}) {
    cases.push_back({path, get(path), nothing});
  }
  check_cases(server, cases);
}

TEST(ProtocolTable, Hosts) {
  TestServer server;
  const Expected expect(server);
  const std::string ok = expect.reply("200 OK", ok_fields, "ok\n");
  const auto with_host = [](const std::string& host) { return "GET /healthz HTTP/1.1\r\nHost: " + host + "\r\n\r\n"; };
  std::vector<Case> cases;
  for (const std::string host :
       {"localhost", "LOCALHOST:80", "127.0.0.1", "127.9.8.7:1", "[::1]", "[::1]:7070", "localhost:"}) {
    cases.push_back({host, with_host(host), ok});
  }
  for (const std::string host : {"example.org", "127.0.0.1.example.org", "localhost.example.org", "128.0.0.1",
                                 "127.0.0.256", "[::2]", "[::1", "localhost:x", ""}) {
    cases.push_back({host, with_host(host), closing(expect, "400 Bad Request", "this server is not '" + host + "'")});
  }
  cases.push_back({"of the target", "GET http://example.org/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                   closing(expect, "400 Bad Request", "this server is not 'example.org'")});
  check_cases(server, cases);
}

TEST(ProtocolTable, RequestIds) {
  TestServer server;
  const auto with_id = [&](const std::string& id) {
    return server.exchange(get("/nothing", "X-Request-Id: " + id + "\r\n"));
  };
  const std::string taken = with_id("job-7.step_3");
  EXPECT_NE(taken.find("\r\nX-Request-Id: job-7.step_3\r\n"), std::string::npos);
  EXPECT_NE(taken.find(R"("request_id":"job-7.step_3")"), std::string::npos);
  EXPECT_TRUE(server.logger.contains("job-7.step_3"));
  for (const std::string& bad : {std::string("a b"), std::string("a\"b"), std::string(65, 'a')}) {
    EXPECT_NE(with_id(bad).find("\r\nX-Request-Id: <id>\r\n"), std::string::npos) << bad;
  }
}

}  // namespace
}  // namespace seekfs::http
