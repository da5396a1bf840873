// The delaying proxy on real sockets: what it must not change, and that it waits at least as long as it was told.
#include "bench/delay_proxy.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <vector>

#include "bench/content.h"
#include "bench/endpoint.h"
#include "bench/origin_metrics.h"
#include "bench/tcp_sockets.h"

namespace seekfs::bench {
namespace {

using std::chrono::milliseconds;

/// A blocking socket.
class Peer {
 public:
  explicit Peer(Descriptor socket) : socket_(std::move(socket)) {}
  static Peer to(const std::string& address) {
    Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in where = resolve(address).value();
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where), 0);
    return Peer(std::move(socket));
  }

  void send(std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }
  void send(std::string_view text) const { send(std::as_bytes(std::span(text))); }
  void end() const { ::shutdown(socket_.get(), SHUT_WR); }
  /// At least one byte; 0: the end, -1: broken.
  ssize_t receive(std::span<std::byte> out) const { return ::recv(socket_.get(), out.data(), out.size(), 0); }
  std::string receive_all() const {
    std::string text;
    std::array<char, 65'536> piece{};
    for (;;) {
      const ssize_t got = receive(std::as_writable_bytes(std::span(piece)));
      if (got <= 0) return got == 0 ? text : text + " (broken)";
      text.append(piece.data(), static_cast<std::size_t>(got));
    }
  }

 private:
  Descriptor socket_;
};

/// A proxy that runs, and the socket that its store listens on.
class ProxyTest : public ::testing::Test {
 protected:
  ~ProxyTest() override { stop(); }

  void start(DelayProxyOptions options = {}) {
    store_ = listen_on_loopback("127.0.0.1:0").value();
    options.to = store_.address;
    proxy_ = make_delay_proxy(options, *clock_, *random_).value();
    thread_ = std::jthread([this](const std::stop_token& stop) { EXPECT_TRUE(proxy_->run(stop)); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
  }
  Peer connect() const { return Peer::to(proxy_->address()); }
  /// The store's side of the next connection.
  Peer accept() const {
    // The listening socket does not block.
    for (;;) {
      Descriptor socket(::accept4(store_.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (socket.get() >= 0) return Peer(std::move(socket));
      std::this_thread::yield();
    }
  }

  std::unique_ptr<env::Clock> clock_ = env::make_system_clock();
  std::unique_ptr<env::Random> random_ = env::make_seeded_random(1);
  ListeningSocket store_;
  std::unique_ptr<DelayProxy> proxy_;
  std::jthread thread_;
};

std::vector<std::byte> bytes_of(std::string_view path, std::size_t size) {
  std::vector<std::byte> bytes(size);
  Content(1, path).fill(0, bytes);
  return bytes;
}

/// Receives as many bytes as expected and compares them.
void expect_bytes(const Peer& peer, std::span<const std::byte> expected) {
  std::vector<std::byte> got(expected.size());
  std::size_t filled = 0;
  while (filled < got.size()) {
    const ssize_t more = peer.receive(std::span(got).subspan(filled));
    ASSERT_GT(more, 0) << filled;
    filled += static_cast<std::size_t>(more);
  }
  EXPECT_TRUE(std::ranges::equal(got, expected));
}

TEST_F(ProxyTest, ARoundTripTakesAtLeastTheLatency) {
  start({.latency = milliseconds(30)});
  const Peer client = connect();
  const Peer server = accept();
  const auto before = clock_->now();
  client.send("ask");
  expect_bytes(server, std::as_bytes(std::span("ask").first(3)));
  EXPECT_GE(clock_->now() - before, milliseconds(15));
  server.send("answer");
  expect_bytes(client, std::as_bytes(std::span("answer").first(6)));
  EXPECT_GE(clock_->now() - before, milliseconds(30));
}

TEST_F(ProxyTest, ManyBytesGoThroughUnchangedInBothDirectionsWithJitter) {
  start({.latency = milliseconds(4), .jitter = milliseconds(3)});
  const Peer client = connect();
  const Peer server = accept();
  // More than the proxy holds and all buffers take.
  const auto up = bytes_of("up", 40 << 20);
  const auto down = bytes_of("down", 40 << 20);
  {
    const std::jthread client_sends([&] { client.send(up); });
    const std::jthread server_sends([&] { server.send(down); });
    const std::jthread server_receives([&] { expect_bytes(server, up); });
    expect_bytes(client, down);
  }
}

TEST_F(ProxyTest, OneDirectionMayEndBeforeTheOther) {
  start({.latency = milliseconds(2)});
  const Peer client = connect();
  const Peer server = accept();
  client.send("all I have");
  client.end();
  EXPECT_EQ(server.receive_all(), "all I have");
  server.send("and all I have");
  server.end();
  EXPECT_EQ(client.receive_all(), "and all I have");
}

TEST_F(ProxyTest, AStoreThatCannotBeReachedBreaksTheConnection) {
  start();
  store_.socket = Descriptor();
  const Peer client = connect();
  std::array<std::byte, 1> byte{};
  EXPECT_LE(client.receive(byte), 0);
}

TEST_F(ProxyTest, AClientThatIsGoneIsGoneForTheStore) {
  start({.latency = milliseconds(2)});
  auto client = std::make_unique<Peer>(connect());
  const Peer server = accept();
  server.send("something that is never read");
  client.reset();
  std::array<std::byte, 1> byte{};
  EXPECT_LE(server.receive(byte), 0);
}

TEST_F(ProxyTest, ManyConnectionsAtOnce) {
  constexpr std::size_t count = 100;
  start({.latency = milliseconds(4), .jitter = milliseconds(4)});
  std::vector<Peer> clients;
  std::vector<Peer> servers;
  for (std::size_t index = 0; index < count; ++index) {
    clients.push_back(connect());
    servers.push_back(accept());
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t index = 0; index < count; ++index) {
      clients[index].send(bytes_of(std::to_string(index * 3 + static_cast<std::size_t>(round)), 1000));
    }
    for (std::size_t index = 0; index < count; ++index) {
      expect_bytes(servers[index], bytes_of(std::to_string(index * 3 + static_cast<std::size_t>(round)), 1000));
    }
  }
}

TEST_F(ProxyTest, RatesHoldBytesBack) {
  start({.bandwidth = 100 * MiB, .rate_per_connection = 20 * MiB});
  const Peer client = connect();
  const Peer server = accept();
  const auto data = bytes_of("data", 1 << 20);
  const auto before = clock_->now();
  const std::jthread sends([&] { server.send(data); });
  expect_bytes(client, data);
  EXPECT_GE(clock_->now() - before, milliseconds(45));
}

TEST_F(ProxyTest, CountsRequestsForWhoeverAsks) {
  start({.metrics = "127.0.0.1:0"});
  const Peer client = connect();
  const Peer server = accept();
  const std::string requests = "GET /bucket/key HTTP/1.1\r\n\r\nHEAD /bucket/key HTTP/1.1\r\n\r\n";
  client.send(requests);
  expect_bytes(server, std::as_bytes(std::span(requests)));
  server.send("HTTP/1.1 200 OK\r\n\r\n");
  server.end();
  EXPECT_EQ(client.receive_all(), "HTTP/1.1 200 OK\r\n\r\n");
  const MetricsUrl url = parse_metrics_url("http://" + proxy_->metrics_address() + "/metrics").value();
  for (int time = 0; time < 2; ++time) {
    const auto counters = read_counters(url);
    ASSERT_TRUE(counters) << counters.error().message;
    EXPECT_EQ(counters->origin_gets, 1);
    EXPECT_EQ(counters->origin_bytes, 19);
  }
}

TEST(DelayProxyTest, RefusesAddresses) {
  const auto clock = env::make_system_clock();
  const auto random = env::make_seeded_random(1);
  for (const DelayProxyOptions& options :
       {DelayProxyOptions{.listen = "0.0.0.0:0", .to = "127.0.0.1:1"}, DelayProxyOptions{.to = "127.0.0.1"},
        DelayProxyOptions{.to = ":80"}, DelayProxyOptions{.listen = "127.0.0.1:70000", .to = "127.0.0.1:1"},
        DelayProxyOptions{.to = "127.0.0.1:1", .metrics = "8.8.8.8:0"}}) {
    const auto proxy = make_delay_proxy(options, *clock, *random);
    ASSERT_FALSE(proxy) << options.listen << ' ' << options.to;
    EXPECT_EQ(proxy.error().code, ErrorCode::invalid) << proxy.error().message;
  }
}

TEST(MetricsUrlTest, Forms) {
  const auto url = parse_metrics_url("http://127.0.0.1:9/metrics");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->path, "/metrics");
  EXPECT_EQ(url->endpoint.port, "9");
  for (const char* text :
       {"", "http://127.0.0.1:9", "https://127.0.0.1:9/metrics", "http://127.0.0.1/metrics", "http://h:1/a b"}) {
    EXPECT_FALSE(parse_metrics_url(text)) << text;
  }
}

}  // namespace
}  // namespace seekfs::bench
