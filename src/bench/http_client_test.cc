// The client in front of a server that says what the test wants, on a Unix socket.
#include "bench/http_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <thread>
#include <vector>

#include "env/temp_directory_testing.h"

namespace seekfs::bench {
namespace {

/// Accepts one connection for each list of replies, sends the next reply whenever a request's header was received (and
/// as much of its body as came with it), and closes it after the last.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::vector<std::string>> connections) : connections_(std::move(connections)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = directory_.at("socket");
    std::memcpy(address.sun_path, path.data(), path.size());
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() { join(); }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  Endpoint endpoint() const { return parse_endpoint("unix:" + directory_.at("socket")).value(); }

  /// Once all replies were given.
  std::string requests() {
    join();
    return requests_;
  }

 private:
  void join() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  void serve() {
    for (const auto& replies : connections_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      for (const std::string& reply : replies) answer(peer, reply);
      ::close(peer);
    }
  }

  void answer(int peer, const std::string& reply) {
    std::string request;
    while (!request.contains("\r\n\r\n")) {
      std::array<char, 4096> piece{};
      const ssize_t got = ::recv(peer, piece.data(), piece.size(), 0);
      if (got <= 0) return;
      request.append(piece.data(), static_cast<std::size_t>(got));
    }
    requests_ += request;
    EXPECT_EQ(::send(peer, reply.data(), reply.size(), MSG_NOSIGNAL), static_cast<ssize_t>(reply.size()));
  }

  env::TempDirectory directory_;
  std::vector<std::vector<std::string>> connections_;
  int listener_ = -1;
  std::string requests_;
  std::thread thread_;
};

std::string reply(std::string_view body, std::string_view status = "200 OK", std::string_view field = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(field) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

/// A GET of five bytes: the text or the error.
Result<std::string> get(HttpClient& client) {
  std::string out(5, '?');
  SEEKFS_TRY(client.fetch({.target = "/blob?ns=a"}, std::as_writable_bytes(std::span(out))));
  return out;
}

TEST(HttpClientTest, KeepsItsConnection) {
  ScriptedServer server({{reply("hello"), reply("world")}});
  HttpClient client(server.endpoint());
  EXPECT_EQ(get(client).value(), "hello");
  EXPECT_EQ(get(client).value(), "world");
  const std::string request = "GET /blob?ns=a HTTP/1.1\r\nHost: localhost\r\n\r\n";
  EXPECT_EQ(server.requests(), request + request);
}

TEST(HttpClientTest, UsesTheConnectionThatWasOpenedBefore) {
  ScriptedServer server({{reply("hello")}});
  HttpClient client(server.endpoint());
  ASSERT_TRUE(client.connect());
  ASSERT_TRUE(client.connect());
  EXPECT_EQ(get(client).value(), "hello");
}

TEST(HttpClientTest, PostsWithALength) {
  ScriptedServer server({{reply("hello")}});
  HttpClient client(server.endpoint());
  std::string out(5, '?');
  ASSERT_TRUE(
      client.fetch({.verb = "POST", .target = "/readv?ns=a", .body = "[]"}, std::as_writable_bytes(std::span(out))));
  EXPECT_TRUE(
      server.requests().starts_with("POST /readv?ns=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"));
}

TEST(HttpClientTest, TakesTheStatusAndSendsTheFieldsThatItIsGiven) {
  ScriptedServer server({{reply("hello", "206 Partial Content"), reply("hello")}});
  HttpClient client(server.endpoint());
  std::string out(5, '?');
  const HttpRequest request{.target = "/b/k", .fields = "Range: bytes=0-4\r\n", .status = 206};
  ASSERT_TRUE(client.fetch(request, std::as_writable_bytes(std::span(out))));
  EXPECT_EQ(client.fetch_text(request, 5).error().code, ErrorCode::bad_request) << "200 is the whole, not the range";
  const std::string text = "GET /b/k HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-4\r\n\r\n";
  EXPECT_EQ(server.requests(), text + text);
}

TEST(HttpClientTest, ConnectsAnewAfterClose) {
  ScriptedServer server({{reply("hello", "200 OK", "Connection: close\r\n")}, {reply("world")}});
  HttpClient client(server.endpoint());
  EXPECT_EQ(get(client).value(), "hello");
  EXPECT_EQ(get(client).value(), "world");
}

TEST(HttpClientTest, EveryFailureIsToldAndTheNextRequestIsRight) {
  struct Failure {
    std::string reply;
    ErrorCode code;
    std::string_view text;
  };
  for (const Failure& failure : {
           Failure{reply("no such file", "404 Not Found"), ErrorCode::not_found, "no such file"},
           Failure{reply("busy", "503 Service Unavailable"), ErrorCode::origin_unavailable, "status 503"},
           Failure{reply("who?", "403 Forbidden"), ErrorCode::denied, "who?"},
           Failure{reply("bad", "400 Bad Request"), ErrorCode::bad_request, "bad"},
           Failure{reply("four"), ErrorCode::corrupt, "4 bytes instead of 5"},
           Failure{reply("sixsix"), ErrorCode::corrupt, "6 bytes instead of 5"},
           Failure{reply("hello") + "more", ErrorCode::corrupt, "4 bytes came behind"},
           Failure{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", ErrorCode::transient, "2 bytes short"},
           Failure{"HTTP/1.1 200 OK\r\nConte", ErrorCode::transient, "header"},
           Failure{"", ErrorCode::transient, "header"},
           Failure{std::string(20'000, 'x'), ErrorCode::corrupt, "16 KiB"},
       }) {
    ScriptedServer server({{failure.reply}, {reply("hello")}});
    HttpClient client(server.endpoint());
    const auto got = get(client);
    ASSERT_FALSE(got) << failure.reply;
    EXPECT_EQ(got.error().code, failure.code) << got.error().message;
    EXPECT_TRUE(got.error().message.contains(failure.text)) << got.error().message;
    EXPECT_EQ(get(client).value_or("?"), "hello") << failure.reply;
  }
}

TEST(HttpClientTest, TextHasALimit) {
  ScriptedServer server({{reply("hello")}, {reply("hello")}});
  HttpClient client(server.endpoint());
  EXPECT_EQ(client.fetch_text({.target = "/metrics"}, 4).error().code, ErrorCode::too_large);
  EXPECT_EQ(client.fetch_text({.target = "/metrics"}, 5).value(), "hello");
}

TEST(HttpClientTest, NobodyThere) {
  HttpClient client(parse_endpoint("unix:/nonexistent/socket").value());
  EXPECT_EQ(get(client).error().code, ErrorCode::not_found);
}

TEST(EndpointTest, ReadsAddresses) {
  EXPECT_EQ(parse_endpoint("http://127.0.0.1:7070").value().authority(), "127.0.0.1:7070");
  EXPECT_EQ(parse_endpoint("http://localhost:1/").value().authority(), "localhost:1");
  EXPECT_EQ(parse_endpoint("http://[::1]:65535").value().authority(), "[::1]:65535");
  EXPECT_EQ(parse_endpoint("unix:/run/seekfs.sock").value().path, "/run/seekfs.sock");
}

TEST(EndpointTest, RefusesAllElse) {
  for (const std::string& text : {std::string(), std::string("http://"), std::string("http://a"),
                                  std::string("http://a:"), std::string("http://a:0"), std::string("http://a:65536"),
                                  std::string("http://a:1/b"), std::string("http://a/b:1"), std::string("http://u@a:1"),
                                  std::string("http://::1:7070"), std::string("https://a:1"), std::string("unix:"),
                                  std::string("unix:relative"), "unix:/" + std::string(107, 'x')}) {
    const auto endpoint = parse_endpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_EQ(endpoint.error().code, ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace seekfs::bench
