// /readv by raw sockets: bodies, errors and frames.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "http/expected_testing.h"
#include "http/routes/frames.h"

namespace seekfs::http {
namespace {

constexpr std::string_view frames_field = "Accept: application/vnd.seekfs.frames\r\n";

std::string bytes_reply(const Expected& expect, std::string_view body) {
  return expect.reply("200 OK",
                      fmt::format("Content-Type: application/octet-stream\r\nContent-Length: {}\r\nSeekFS-Version: "
                                  "v-3\r\n",
                                  body.size()),
                      body);
}

std::string readv(std::string_view body, std::string_view fields = "") { return post("/readv?ns=demo", body, fields); }

TEST(ReadvTable, Bytes) {
  TestServer server;
  const Expected expect(server);
  const std::string two = R"([{"path":"b/c.bin","off":500,"len":100},{"path":"a.bin","off":0,"len":3}])";
  check_cases(
      server,
      {{"in request order", readv(two),
        bytes_reply(expect, server.bytes("b/c.bin", 500, 100) + server.bytes("a.bin", 0, 3))},
       {"none", readv("[]"), bytes_reply(expect, "")},
       {"white space", readv(" [ ] \n"), bytes_reply(expect, "")},
       {"off left out", readv(R"([{"len":2,"path":"a.bin"}])"), bytes_reply(expect, server.bytes("a.bin", 0, 2))},
       {"empty ranges", readv(R"([{"path":"a.bin","off":1000,"len":0},{"path":"empty.bin","off":0,"len":0}])"),
        bytes_reply(expect, "")},
       {"escaped path", readv(R"([{"path":"\u00fc +%.bin","off":1,"len":2}])"),
        bytes_reply(expect, server.bytes("ü +%.bin", 1, 2))},
       {"v1 and version", post("/v1/readv?ns=demo&version=3", R"([{"path":"one.bin","len":1}])"),
        bytes_reply(expect, server.bytes("one.bin", 0, 1))},
       {"two requests", readv("[]") + get("/ns/demo/one.bin"), bytes_reply(expect, "") + expect.whole("one.bin")}});
}

TEST(ReadvTable, BadBodies) {
  TestServer server;
  const Expected expect(server);
  const auto bad = [&](const std::string& detail, const std::string& members = "") {
    return expect.problem({"400 Bad Request", ErrorCode::bad_request, detail, "", R"(,"ns":"demo")" + members, false});
  };
  const std::string shape = R"(the body must be a JSON array of {"path", "off", "len"})";
  const std::string at_0 = ",\"index\":0";
  check_cases(
      server,
      {{"object", readv("{}"), bad(shape)},
       {"number", readv("7"), bad(shape)},
       {"items of numbers", readv("[1]"), bad(shape)},
       {"array in array", readv("[[]]"), bad(R"(an item is an array; it must be {"path", "off", "len"})")},
       {"no path", readv(R"([{"off":1,"len":1}])"), bad("the item has no 'path'", at_0)},
       {"unknown", readv(R"([{"path":"a","of":1}])"), bad("the item has an unknown member 'of'", at_0)},
       {"twice", readv(R"([{"path":"a","path":"a"}])"), bad("the item has 'path' twice", at_0)},
       {"float", readv(R"([{"path":"a","off":1.0}])"), bad("'off' must be an unsigned integer below 2^64", at_0)},
       {"exponent", readv(R"([{"path":"a","len":1e3}])"), bad("'len' must be an unsigned integer below 2^64", at_0)},
       {"negative zero", readv(R"([{"path":"a","off":-0}])"),
        bad("'off' must be an unsigned integer below 2^64", at_0)},
       {"negative", readv(R"([{"path":"a","off":-1}])"), bad("'off' must be an unsigned integer below 2^64", at_0)},
       {"too large", readv(R"([{"path":"a","off":18446744073709551616}])"),
        bad("'off' must be an unsigned integer below 2^64", at_0)},
       {"text", readv(R"([{"path":"a","off":"1"}])"), bad("'off' must be an unsigned integer below 2^64", at_0)},
       {"null path", readv(R"([{"path":null}])"), bad("'path' must be a string", at_0)},
       {"second item", readv(R"([{"path":"a.bin","off":0,"len":1},{"path":true}])"),
        bad("'path' must be a string", ",\"index\":1")}});
  for (const std::string body : {"", "[", "[]x", "[{\"path\":\"\xff\"}]", "nul"}) {
    const std::string reply = server.exchange(readv(body));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 400 ")) << body << ": " << reply;
    EXPECT_NE(reply.find("the body is not JSON"), std::string::npos) << body << ": " << reply;
  }
}

TEST(ReadvTable, Errors) {
  ServerOptions options;
  options.readv_max_items = 2;
  options.readv_max_bytes = 100;
  TestServer server(options);
  const Expected expect(server);
  const std::string version = "SeekFS-Version: v-3\r\n";
  check_cases(
      server,
      {{"outside", readv(R"([{"path":"a.bin","off":0,"len":1},{"path":"a.bin","off":999,"len":2}])"),
        expect.problem({"416 Range Not Satisfiable", ErrorCode::range_not_satisfiable,
                        "the range does not lie in 'a.bin', which has 1000 bytes", version,
                        R"(,"ns":"demo","path":"a.bin","index":1)", false})},
       {"overflow", readv(R"([{"path":"a.bin","off":18446744073709551615,"len":2}])"),
        expect.problem({"416 Range Not Satisfiable", ErrorCode::range_not_satisfiable,
                        "the range does not lie in 'a.bin', which has 1000 bytes", version,
                        R"(,"ns":"demo","path":"a.bin","index":0)", false})},
       {"no len", readv(R"([{"path":"a.bin"}])"),
        expect.problem({"400 Bad Request", ErrorCode::bad_request,
                        "the item has no 'len'; only frames may leave it out", version,
                        R"(,"ns":"demo","path":"a.bin","index":0)", false})},
       {"too many items", readv(R"([{"path":"a"},{"path":"b"},{"path":"c"}])"),
        expect.problem({"413 Content Too Large", ErrorCode::too_large, "the body has more than 2 items", "",
                        R"(,"ns":"demo")", false})},
       {"too many bytes", readv(R"([{"path":"a.bin","off":0,"len":60},{"path":"a.bin","off":0,"len":60}])"),
        expect.problem({"413 Content Too Large", ErrorCode::too_large, "the items have more than 100 bytes together",
                        version, R"(,"ns":"demo","path":"a.bin","index":1)", false})},
       {"no length", "POST /readv?ns=demo HTTP/1.1\r\nHost: localhost\r\n\r\n",
        expect.problem({"411 Length Required", ErrorCode::bad_request, "the request has no Content-Length", "",
                        R"(,"ns":"demo")", false})},
       {"no such namespace", post("/readv?ns=other", "[]"),
        expect.problem({"404 Not Found", ErrorCode::no_such_namespace, "there is no namespace 'other'", "",
                        R"(,"ns":"other")", false})},
       {"short body", "POST /readv?ns=demo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n[]",
        expect.problem({"400 Bad Request", ErrorCode::bad_request, "the body ended before its Content-Length", "",
                        R"(,"ns":"demo")", true})}});
}

TEST(ReadvTable, ContinueIsSentOnlyWhenTheBodyIsWanted) {
  TestServer server;
  RawClient client(server.address());
  client.send("POST /readv?ns=demo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_header(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("[]");
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200 OK\r\n"));

  RawClient refused(server.address());
  refused.send("POST /readv HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(refused.read_header().starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

std::string frame(std::uint32_t index, std::uint32_t status, const std::string& bytes) {
  std::string out;
  append_frame_header(out, index, status, bytes.size());
  return out + bytes;
}

/// The body of a chunked reply, joined; "bad" on a framing error.
std::string join_chunks(const std::string& reply) {
  std::size_t at = reply.find("\r\n\r\n") + 4;
  std::string body;
  while (true) {
    const std::size_t line_end = reply.find("\r\n", at);
    if (line_end == std::string::npos) return "bad";
    const std::size_t size = std::stoul(reply.substr(at, line_end - at), nullptr, 16);
    at = line_end + 2;
    if (reply.substr(at + size, 2) != "\r\n") return "bad";
    if (size == 0) return at + 2 == reply.size() ? body : "bad";
    body += reply.substr(at, size);
    at += size + 2;
  }
}

std::string frames_request() {
  return R"([{"path":"b/c.bin","off":500,"len":100},{"path":"nope","len":1},{"path":"a.bin","off":700},)"
         R"({"path":"a.bin","off":1001,"len":0},{"path":"empty.bin"},{"path":"one.bin","off":0,"len":1}])";
}

void check_frames(TestServer& server, const std::string& body) {
  const std::size_t first = body.find("{\"type\"");
  const std::string no_file = body.substr(first, body.find('}', first) + 1 - first);
  EXPECT_NE(no_file.find(R"("code":"not_found")"), std::string::npos);
  EXPECT_NE(no_file.find(R"("index":1)"), std::string::npos);
  const std::size_t second = body.rfind("{\"type\"");
  const std::string outside = body.substr(second, body.find('}', second) + 1 - second);
  EXPECT_NE(outside.find(R"("status":416)"), std::string::npos);
  EXPECT_NE(outside.find(R"("index":3)"), std::string::npos);
  EXPECT_EQ(body, frame(0, 200, server.bytes("b/c.bin", 500, 100)) + frame(1, 404, no_file) +
                      frame(2, 200, server.bytes("a.bin", 700, 300)) + frame(3, 416, outside) + frame(4, 200, "") +
                      frame(5, 200, server.bytes("one.bin", 0, 1)));
}

std::string exchange_raw(TestServer& server, const std::string& request) {
  RawClient client(server.address());
  client.send(request);
  client.shutdown_write();
  return client.read_to_end();
}

TEST(ReadvFrames, EachItemAnswersForItself) {
  TestServer server;
  const std::string reply = exchange_raw(server, readv(frames_request(), frames_field));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(reply.find("Content-Type: application/vnd.seekfs.frames\r\nTransfer-Encoding: chunked\r\n"),
            std::string::npos);
  check_frames(server, join_chunks(reply));
}

TEST(ReadvFrames, FromAStream) {
  TestServer server;
  server.reader.set_cold("b/c.bin");
  server.reader.set_cold("a.bin");
  check_frames(server, join_chunks(exchange_raw(server, readv(frames_request(), frames_field))));
}

TEST(ReadvFrames, Http10GetsThemUntilTheEnd) {
  TestServer server;
  const std::string body = frames_request();
  const std::string reply = exchange_raw(
      server, fmt::format("POST /readv?ns=demo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: {}\r\n{}\r\n{}",
                          body.size(), frames_field, body));
  EXPECT_EQ(reply.find("chunked"), std::string::npos);
  EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
  check_frames(server, reply.substr(reply.find("\r\n\r\n") + 4));
}

TEST(ReadvFrames, AFailureOfTheOriginSpoilsOneItem) {
  TestServer server;
  server.reader.fail_at("b/c.bin", 0, Error(ErrorCode::origin_corrupt, "the page is bad"));
  const std::string body = join_chunks(
      exchange_raw(server, readv(R"([{"path":"b/c.bin","len":100},{"path":"a.bin","len":10}])", frames_field)));
  EXPECT_NE(body.find(R"("code":"origin_corrupt")"), std::string::npos);
  EXPECT_TRUE(body.ends_with(frame(1, 200, server.bytes("a.bin", 0, 10))));
}

TEST(ReadvFrames, TheAcceptFieldIsReadAsAList) {
  EXPECT_TRUE(accepts_frames("application/vnd.seekfs.frames"));
  EXPECT_TRUE(accepts_frames("text/html, Application/VND.seekfs.frames;q=0.9"));
  EXPECT_FALSE(accepts_frames("application/vnd.seekfs.frames2"));
  EXPECT_FALSE(accepts_frames("*/*"));
  EXPECT_FALSE(accepts_frames(""));
}

}  // namespace
}  // namespace seekfs::http
