// The loopback server's own tests, by sockets without a client library.
#include "objectstore/s3/loopback_http_testing.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <list>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::milliseconds;

int connect_to(const LoopbackHttpServer& server) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

/// A client's end of a connection.
class Client {
 public:
  explicit Client(const LoopbackHttpServer& server) : socket_(connect_to(server)) {}
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  void send(std::string_view text) const {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Until `end` is there, or the stream ends.
  std::string receive_until(std::string_view end) {
    while (!received_.contains(end)) {
      std::array<char, 4096> piece;
      const ssize_t count = ::recv(socket_, piece.data(), piece.size(), 0);
      if (count <= 0) {
        error_ = count < 0 ? errno : 0;
        ended_ = true;
        return std::exchange(received_, {});
      }
      received_.append(piece.data(), static_cast<std::size_t>(count));
    }
    const std::size_t size = received_.find(end) + end.size();
    std::string found = received_.substr(0, size);
    received_.erase(0, size);
    return found;
  }
  std::string receive_all() { return receive_until(std::string_view("\0never sent\0", 12)); }
  bool ended() const { return ended_; }
  int error() const { return error_; }

 private:
  int socket_;
  std::string received_;
  bool ended_ = false;
  int error_ = 0;
};

LoopbackHttpServer::Handler always(ServedReply reply) {
  return [reply](const ServedRequest&) { return reply; };
}

/// What one request gets until its connection ends.
struct Got {
  std::string bytes;
  int error = 0;
};
Got get_once(ServedReply reply) {
  const LoopbackHttpServer server(always(std::move(reply)));
  Client client(server);
  client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
  Got got{.bytes = client.receive_all()};
  got.error = client.error();
  return got;
}

TEST(LoopbackHttp, ServesRequestsOneAfterTheOtherOnOneConnection) {
  const LoopbackHttpServer server([](const ServedRequest& request) {
    return ServedReply{
        .headers = {{"X-Seen", std::string(request.header("x-name"))}},
        .body = request.method + " " + request.target + " " + request.body + " " + std::to_string(request.connection)};
  });
  Client client(server);
  client.send("PUT /a%20b?c=d HTTP/1.1\r\nX-Name:  v \r\nContent-Length: 5\r\n\r\nhelloGET /next HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receive_until("hello 1"),
            "HTTP/1.1 200 \r\nX-Seen: v\r\nContent-Length: 22\r\n\r\nPUT /a%20b?c=d hello 1");
  EXPECT_TRUE(client.receive_until("GET /next  1").contains("Content-Length: 12\r\n"));
  EXPECT_EQ(server.requests(), 2u);
  EXPECT_EQ(server.connections(), 1u);
  EXPECT_EQ(server.open_connections(), 1u);
  client.close();
  while (server.open_connections() > 0) std::this_thread::yield();
}

TEST(LoopbackHttp, AsksForTheBodyThatWaitsForIt) {
  const LoopbackHttpServer server([](const ServedRequest& request) { return ServedReply{.body = request.body}; });
  Client client(server);
  client.send("PUT /a HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  EXPECT_EQ(client.receive_until("abc"), "HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nabc");
}

TEST(LoopbackHttp, RepliesWithoutABodyWhereHttpHasNone) {
  const LoopbackHttpServer server([](const ServedRequest& request) {
    return ServedReply{.status = request.target == "/gone" ? 204 : 200, .body = "abc"};
  });
  Client client(server);
  client.send("HEAD /a HTTP/1.1\r\n\r\nGET /gone HTTP/1.1\r\n\r\nGET /a HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.receive_all(),
            "HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\nHTTP/1.1 204 \r\n\r\n"
            "HTTP/1.1 200 \r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
}

TEST(LoopbackHttp, RefusesWhatItCannotRead) {
  const auto status_of = [](std::string_view request) {
    const LoopbackHttpServer server(always({}));
    Client client(server);
    client.send(request);
    return client.receive_until(" \r\n");
  };
  EXPECT_EQ(status_of("nonsense\r\n\r\n"), "HTTP/1.1 400 \r\n");
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), "HTTP/1.1 400 \r\n");
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nContent-Length: 1073741825\r\n\r\n"), "HTTP/1.1 413 \r\n");
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), "HTTP/1.1 501 \r\n");
  // One byte too many: the server has read all of it when it closes, so that nothing is reset.
  std::string too_long = "GET / HTTP/1.1\r\nX: ";
  too_long.resize(64 * 1024 + 1, 'x');
  EXPECT_EQ(status_of(too_long), "HTTP/1.1 431 \r\n");
}

TEST(LoopbackHttp, ResetsAfterThePartOfTheBody) {
  const Got got = get_once({.body = std::string(100'000, 'b'), .reset_at = 70'000});
  EXPECT_TRUE(got.bytes.ends_with("Content-Length: 100000\r\n\r\n" + std::string(70'000, 'b')));
  EXPECT_EQ(got.error, ECONNRESET);
}

TEST(LoopbackHttp, ClosesInOrderAfterThePartOfTheBody) {
  const Got got = get_once({.body = "abcdef", .close_at = 2});
  EXPECT_EQ(got.bytes, "HTTP/1.1 200 \r\nContent-Length: 6\r\n\r\nab");
  EXPECT_EQ(got.error, 0);
}

TEST(LoopbackHttp, ClosesWithoutAByte) {
  const Got got = get_once({.body = "abc", .no_reply = true});
  EXPECT_EQ(got.bytes, "");
  EXPECT_EQ(got.error, 0);
}

TEST(LoopbackHttp, ClaimsAnotherLength) {
  const Got overlong = get_once({.body = "abcdef", .content_length = 2, .close_after = true});
  EXPECT_EQ(overlong.bytes, "HTTP/1.1 200 \r\nContent-Length: 2\r\nConnection: close\r\n\r\nabcdef");
  const Got truncated = get_once({.body = "abcdef", .content_length = 9, .close_after = true});
  EXPECT_EQ(truncated.bytes, "HTTP/1.1 200 \r\nContent-Length: 9\r\nConnection: close\r\n\r\nabcdef");
}

TEST(LoopbackHttp, TricklesAndPausesAndDelaysWithoutLosingAByte) {
  const Got got = get_once({.body = "abcdef",
                            .delay = milliseconds(1),
                            .pause_at = 3,
                            .pause = milliseconds(1),
                            .byte_interval = milliseconds(1),
                            .close_after = true});
  EXPECT_EQ(got.bytes, "HTTP/1.1 200 \r\nContent-Length: 6\r\nConnection: close\r\n\r\nabcdef");
}

TEST(LoopbackHttp, PausesAfterThePartOfTheBody) {
  const LoopbackHttpServer server(always({.body = "abcdef", .pause_at = 3, .pause = std::chrono::hours(1)}));
  Client client(server);
  client.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receive_until("abc"), "HTTP/1.1 200 \r\nContent-Length: 6\r\n\r\nabc");
}

TEST(LoopbackHttp, StopsWhileItsConnectionsWait) {
  std::atomic<int> answering = 0;
  auto server = std::make_unique<LoopbackHttpServer>([&answering](const ServedRequest& request) {
    ++answering;
    ServedReply reply{.body = std::string(64 << 20, 'b')};
    if (request.target == "/delay") reply.delay = std::chrono::hours(1);
    if (request.target == "/pause") {
      reply.pause_at = 0;
      reply.pause = std::chrono::hours(1);
    }
    if (request.target == "/slow") reply.byte_interval = std::chrono::hours(1);
    return reply;
  });
  std::list<Client> clients;
  // The last one gets more than sockets hold and reads nothing.
  for (const std::string_view path : {"/delay", "/pause", "/slow", "/full"}) {
    clients.emplace_back(*server).send("GET " + std::string(path) + " HTTP/1.1\r\n\r\n");
  }
  // These send nothing, and half a request.
  clients.emplace_back(*server);
  clients.emplace_back(*server).send("GET /half HT");
  while (answering < 4) std::this_thread::yield();
  server.reset();
  for (Client& client : clients) {
    client.receive_all();
    EXPECT_TRUE(client.ended());
  }
}

TEST(LoopbackHttp, NoticesThatTheClientLeftDuringADelay) {
  std::atomic<bool> answering = false;
  const LoopbackHttpServer server([&answering](const ServedRequest&) {
    answering = true;
    return ServedReply{.delay = std::chrono::hours(1)};
  });
  Client client(server);
  client.send("GET /a HTTP/1.1\r\n\r\n");
  while (!answering) std::this_thread::yield();
  client.close();
  while (server.open_connections() > 0) std::this_thread::yield();
}

TEST(LoopbackHttp, ServesManyConnectionsAtOnce) {
  constexpr int clients = 16;
  Mutex mutex;
  CondVar changed;
  int waiting = 0;
  // Nobody is answered before all have asked.
  const LoopbackHttpServer server([&](const ServedRequest& request) {
    MutexLock lock(mutex);
    ++waiting;
    changed.notify_all();
    while (waiting < clients) changed.wait(mutex);
    return ServedReply{.body = request.target, .close_after = true};
  });
  std::vector<std::thread> threads;
  for (int number = 0; number < clients; ++number) {
    threads.emplace_back([&server, number] {
      Client client(server);
      const std::string path = "/" + std::to_string(number);
      client.send("GET " + path + " HTTP/1.1\r\n\r\n");
      EXPECT_TRUE(client.receive_all().ends_with("\r\n\r\n" + path));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.connections(), 16u);
}

TEST(LoopbackHttp, LetsGoOfWhatCountsTheRequestBeforeTheClientHasItsReply) {
  const auto gauge = std::make_shared<const int>(0);
  for (const std::string_view body : {"", "b", "body"}) {
    const LoopbackHttpServer server(
        [&gauge, body](const ServedRequest&) { return ServedReply{.body = std::string(body), .in_flight = gauge}; });
    Client client(server);
    client.send("GET /a HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(client.receive_until("\r\n\r\n" + std::string(body)).contains("Content-Length"));
    EXPECT_EQ(gauge.use_count(), 1);
  }
}

/// A TLS client that trusts `identity` and nothing else.
class TlsClient {
 public:
  TlsClient(const LoopbackHttpServer& server, const LoopbackIdentity& identity)
      : socket_(connect_to(server)), context_(SSL_CTX_new(TLS_client_method())) {
    BIO* text = BIO_new_mem_buf(identity.certificate_pem.data(), static_cast<int>(identity.certificate_pem.size()));
    X509* certificate = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), certificate);
    X509_free(certificate);
    BIO_free(text);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    tls_ = SSL_new(context_);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), "127.0.0.1");
    SSL_set_fd(tls_, socket_);
  }
  ~TlsClient() {
    SSL_free(tls_);
    SSL_CTX_free(context_);
    ::close(socket_);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  bool handshake() { return SSL_connect(tls_) == 1; }
  void send(std::string_view text) {
    EXPECT_EQ(SSL_write(tls_, text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
  }
  /// Until the stream ends; `end` is what SSL_get_error() says then.
  std::string receive_all() {
    std::string all;
    std::array<char, 4096> piece;
    int count = 0;
    while ((count = SSL_read(tls_, piece.data(), piece.size())) > 0) {
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
    end = SSL_get_error(tls_, count);
    return all;
  }
  int end = 0;

 private:
  int socket_;
  SSL_CTX* context_;
  SSL* tls_ = nullptr;
};

TEST(LoopbackHttp, SpeaksTls) {
  const LoopbackIdentity identity = make_loopback_identity();
  const LoopbackHttpServer server(always({.body = "abc", .close_after = true}), identity);
  EXPECT_EQ(server.url(), "https://127.0.0.1:" + std::to_string(server.port()));
  TlsClient client(server, identity);
  ASSERT_TRUE(client.handshake());
  client.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.receive_all(), "HTTP/1.1 200 \r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc");
  EXPECT_EQ(client.end, SSL_ERROR_ZERO_RETURN);
}

TEST(LoopbackHttp, ResetsATlsConnection) {
  const LoopbackIdentity identity = make_loopback_identity();
  const LoopbackHttpServer server(always({.body = "abcdef", .reset_at = 2}), identity);
  TlsClient client(server, identity);
  ASSERT_TRUE(client.handshake());
  client.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.receive_all().ends_with("\r\n\r\nab"));
  EXPECT_NE(client.end, SSL_ERROR_ZERO_RETURN);
}

TEST(LoopbackHttp, AnotherIdentityIsNotTrusted) {
  const LoopbackHttpServer server(always({}), make_loopback_identity());
  TlsClient client(server, make_loopback_identity());
  EXPECT_FALSE(client.handshake());
  EXPECT_EQ(server.requests(), 0u);
}

TEST(LoopbackHttp, SurvivesAClientThatSpeaksNoTls) {
  const LoopbackIdentity identity = make_loopback_identity();
  const LoopbackHttpServer server(always({.body = "abc", .close_after = true}), identity);
  Client plain(server);
  plain.send("GET /a HTTP/1.1\r\n\r\n");
  plain.receive_all();
  TlsClient client(server, identity);
  ASSERT_TRUE(client.handshake());
  client.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.receive_all().ends_with("abc"));
}

}  // namespace
}  // namespace seekfs::objectstore::s3
