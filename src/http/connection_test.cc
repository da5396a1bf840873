// Connections under stress: slow, many, broken, and at the server's end.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <stdexcept>
#include <thread>

#include "http/expected_testing.h"

namespace seekfs::http {
namespace {

constexpr std::uint64_t big_size = 24U << 20U;

void publish_big(TestServer& server) { server.reader.publish("big", 1, {{"big.bin", big_size, 1U << 20U}}); }

/// Moves the clock on, second by second, until `done` holds.
template <class Done>
void advance_until(TestServer& server, Done done) {
  while (!done()) server.clock.advance(std::chrono::seconds(1));
}

std::string read_while_time_passes(TestServer& server, RawClient& client) {
  auto reading = std::async(std::launch::async, [&] { return client.read_to_end(); });
  advance_until(server, [&] { return reading.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  return reading.get();
}

void expect_nothing_left(TestServer& server) {
  server.wait_for_no_connections();
  EXPECT_EQ(server.metrics.gauge("seekfs_http_connections", "").value(), 0);
  EXPECT_EQ(server.metrics.gauge("seekfs_http_requests_in_flight", "").value(), 0);
  EXPECT_EQ(server.reader.page_bytes_held(), 0U);
  EXPECT_EQ(server.reader.live_streams(), 0U);
  EXPECT_EQ(server.memory.used(cache::MemoryUse::replies), 0U);
}

/// Clients that have got their last reply and send on until their connections are gone. They are many, since each end
/// of a connection may or may not find a read under way.
class ClientsThatSendOn {
 public:
  explicit ClientsThatSendOn(const TestServer& server) {
    for (int i = 0; i < 16; ++i) {
      RawClient& client = *clients_.emplace_back(std::make_unique<RawClient>(server.address()));
      client.send(get("/healthz", "Connection: close\r\n"));
      EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 200 "));
      senders_.emplace_back([&client] {
        const std::string more(1U << 16U, 'x');
        while (client.send(more)) {
        }
      });
    }
  }
  ~ClientsThatSendOn() {
    for (std::thread& sender : senders_) sender.join();
  }
  ClientsThatSendOn(const ClientsThatSendOn&) = delete;
  ClientsThatSendOn& operator=(const ClientsThatSendOn&) = delete;

 private:
  std::vector<std::unique_ptr<RawClient>> clients_;
  std::vector<std::thread> senders_;
};

bool accepts_connections(const TestServer& server) {
  try {
    RawClient probe(server.address());
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

TEST(Connection, PipelinedRequestsAreAnsweredInOrder) {
  TestServer server;
  const Expected expect(server);
  std::string requests;
  std::string replies;
  for (std::uint64_t i = 0; i < 500; ++i) {
    requests += get(fmt::format("/blob?ns=demo&path=a.bin&off={}&len=7", i));
    replies += expect.bytes("a.bin", i, 7);
  }
  EXPECT_EQ(server.exchange(requests), replies);
}

TEST(Connection, BytesMayArriveOneByOne) {
  TestServer server;
  const Expected expect(server);
  const std::string body = R"([{"path":"a.bin","off":1,"len":2}])";
  RawClient client(server.address());
  for (const char c : get("/blob?ns=demo&path=a.bin") + post("/readv?ns=demo", body)) client.send({&c, 1});
  client.shutdown_write();
  const std::string reply = replace_generated_ids(client.read_to_end());
  EXPECT_TRUE(reply.starts_with(expect.whole("a.bin")));
  EXPECT_TRUE(reply.ends_with("\r\n\r\n" + server.bytes("a.bin", 1, 2)));
}

TEST(Connection, ServesFromStreamsWhatIsNotCached) {
  TestServer server;
  const Expected expect(server);
  publish_big(server);
  server.reader.set_cold("a.bin");
  server.reader.set_slow_open({});
  EXPECT_EQ(server.exchange(get("/blob?ns=demo&path=a.bin&off=299&len=400")), expect.bytes("a.bin", 299, 400));
  const std::string content = manifest::oracle_content("big", "big.bin", 1, big_size);
  for (const bool cold : {false, true}) {
    if (cold) server.reader.set_cold("big.bin");
    RawClient client(server.address());
    client.send(get("/ns/big/big.bin", "Connection: close\r\n"));
    EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(client.read_to_end() == content) << (cold ? "streamed" : "cached");
  }
  expect_nothing_left(server);
}

TEST(Connection, TheFirstPageLeavesBeforeTheLastIsThere) {
  TestServer server;
  server.reader.hold("b/c.bin");
  RawClient client(server.address());
  client.send(post("/readv?ns=demo", R"([{"path":"a.bin","off":0,"len":300},{"path":"b/c.bin","off":0,"len":5}])"));
  server.reader.wait_for_waiters(1);
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(client.read_exactly(300), server.bytes("a.bin", 0, 300));
  server.reader.release();
  EXPECT_EQ(client.read_exactly(5), server.bytes("b/c.bin", 0, 5));
}

TEST(Connection, AnErrorBeforeTheFirstByteIsAStatus) {
  TestServer server;
  const Expected expect(server);
  const auto failing = [&](ErrorCode code) {
    server.reader.fail_at("a.bin", 0, Error(code, "it failed"));
    return server.exchange(get("/ns/demo/a.bin"));
  };
  const auto expected = [&](std::string status, ErrorCode code, std::string fields = "") {
    return expect.problem({std::move(status), code, "it failed", "SeekFS-Version: v-3\r\n" + fields,
                           R"(,"ns":"demo","path":"a.bin")", false});
  };
  EXPECT_EQ(failing(ErrorCode::origin_unavailable), expected("503 Service Unavailable", ErrorCode::origin_unavailable));
  EXPECT_EQ(failing(ErrorCode::origin_corrupt), expected("502 Bad Gateway", ErrorCode::origin_corrupt));
  EXPECT_EQ(failing(ErrorCode::source_changed), expected("502 Bad Gateway", ErrorCode::source_changed));
  EXPECT_EQ(failing(ErrorCode::origin_denied), expected("502 Bad Gateway", ErrorCode::origin_denied));
  EXPECT_EQ(failing(ErrorCode::timeout), expected("504 Gateway Timeout", ErrorCode::timeout));
  EXPECT_EQ(failing(ErrorCode::throttled),
            expected("429 Too Many Requests", ErrorCode::throttled, "Retry-After: 1\r\n"));
  EXPECT_EQ(failing(ErrorCode::internal), expected("500 Internal Server Error", ErrorCode::internal));
  EXPECT_TRUE(server.logger.contains("level=warning"));
}

TEST(Connection, AnErrorAfterTheFirstByteCutsTheReply) {
  TestServer server;
  server.reader.fail_at("a.bin", 300, Error(ErrorCode::origin_corrupt, "the second page is bad"));
  RawClient client(server.address());
  client.send(get("/ns/demo/a.bin"));
  EXPECT_NE(client.read_header().find("Content-Length: 1000\r\n"), std::string::npos);
  EXPECT_EQ(client.read_to_end(), server.bytes("a.bin", 0, 300));
  EXPECT_TRUE(client.was_reset());
  expect_nothing_left(server);
  EXPECT_EQ(server.metrics.counter("seekfs_http_replies_aborted_total", "").value(), 1U);
  EXPECT_TRUE(server.logger.contains("the second page is bad"));
}

TEST(Connection, AWaitForTheReaderIsNotThePeersFault) {
  ServerOptions options;
  options.transfer_timeout = std::chrono::seconds(3);
  TestServer server(options);
  server.reader.publish("big", 1, {{"big.bin", big_size, 1U << 20U}, {"late.bin", 5, 1U << 20U}});
  server.reader.hold("late.bin");
  RawClient client(server.address());
  const std::string items =
      fmt::format(R"([{{"path":"big.bin","off":0,"len":{}}},{{"path":"late.bin","off":0,"len":5}}])", big_size);
  client.send(post("/readv?ns=big", items));
  client.read_header();
  EXPECT_EQ(client.read_exactly(big_size).size(), big_size);
  server.reader.wait_for_waiters(1);
  // Time passes for all connections: this one gets its 408 after ten seconds. Its first reply shows that the server has
  // read the header's beginning too; else it could still be idle, and close without a word.
  RawClient slow(server.address());
  slow.send(get("/healthz") + "GET /heal");
  slow.read_header();
  EXPECT_EQ(slow.read_exactly(3), "ok\n");
  EXPECT_TRUE(read_while_time_passes(server, slow).starts_with("HTTP/1.1 408 "));
  server.reader.release();
  EXPECT_EQ(client.read_exactly(5), manifest::oracle_content("big", "late.bin", 1, 5));
  client.send(get("/no/such/endpoint"));
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 404 "));
}

TEST(Connection, ASlowHeaderIs408) {
  TestServer server;
  RawClient client(server.address());
  client.send(get("/healthz") + "GET /heal");
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200"));
  EXPECT_EQ(client.read_exactly(3), "ok\n");
  const std::string reply = read_while_time_passes(server, client);
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << reply;
  EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
  expect_nothing_left(server);
}

TEST(Connection, AnIdleConnectionIsClosed) {
  TestServer server;
  RawClient fresh(server.address());
  EXPECT_EQ(read_while_time_passes(server, fresh), "");
  RawClient used(server.address());
  used.send(get("/healthz"));
  used.read_header();
  EXPECT_EQ(used.read_exactly(3), "ok\n");
  EXPECT_EQ(read_while_time_passes(server, used), "");
  expect_nothing_left(server);
}

TEST(Connection, AClientThatSendsOnAfterTheLastReplyIsClosed) {
  TestServer server;
  const ClientsThatSendOn clients(server);
  advance_until(server, [&] { return server.server->connections() == 0; });
  expect_nothing_left(server);
}

TEST(Connection, ABodyThatStopsArrivingEndsTheRequest) {
  TestServer server;
  RawClient client(server.address());
  client.send("POST /readv?ns=demo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read_header(), "HTTP/1.1 100 Continue\r\n\r\n");
  const std::string reply = read_while_time_passes(server, client);
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << reply;
  client.shutdown_write();
  expect_nothing_left(server);
}

TEST(Connection, AClientThatDoesNotReadIsClosed) {
  TestServer server;
  publish_big(server);
  RawClient client(server.address());
  client.shrink_receive_buffer();
  client.send(get("/ns/big/big.bin"));
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200"));
  advance_until(server, [&] { return server.server->connections() == 0; });
  EXPECT_LT(client.read_to_end().size(), big_size);
  expect_nothing_left(server);
}

TEST(Connection, ClientsThatVanishLeaveNothingBehind) {
  ServerOptions options;
  options.threads = 2;
  TestServer server(options);
  publish_big(server);
  for (int i = 0; i < 20; ++i) {
    if (i == 10) server.reader.set_cold("big.bin");
    RawClient client(server.address());
    client.send(get("/ns/big/big.bin"));
    client.read_exactly(static_cast<std::size_t>(i) * 10000);
    client.abort();
  }
  expect_nothing_left(server);
}

TEST(Connection, AThousandAtOnce) {
  const rlimit wanted{4096, 4096};
  rlimit have{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &have), 0);
  if (have.rlim_cur < wanted.rlim_cur) {
    const rlimit more{std::min<rlim_t>(wanted.rlim_cur, have.rlim_max), have.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &more), 0);
  }
  ServerOptions options;
  options.threads = 2;
  TestServer server(options);
  const Expected expect(server);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(std::make_unique<RawClient>(server.address()));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i]->send(get(fmt::format("/blob?ns=demo&path=a.bin&off={}&len=1", i)));
    clients[i]->shutdown_write();
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(replace_generated_ids(clients[i]->read_to_end()), expect.bytes("a.bin", i, 1));
  }
  clients.clear();
  expect_nothing_left(server);
}

TEST(Connection, OneTooManyGetsA503) {
  ServerOptions options;
  options.max_connections = 1;
  TestServer server(options);
  RawClient first(server.address());
  first.send(get("/healthz"));
  first.read_header();
  RawClient second(server.address());
  const std::string reply = second.read_to_end();
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 503 Service Unavailable\r\n")) << reply;
  EXPECT_NE(reply.find("Retry-After: 1\r\n"), std::string::npos);
}

TEST(Connection, SeveralAddresses) {
  ServerOptions options;
  options.listen = {"127.0.0.1:0", "127.0.0.2:0", "localhost:0"};
  TestServer server(options);
  ASSERT_EQ(server.server->addresses().size(), 3U);
  for (const std::string& address : server.server->addresses()) {
    RawClient client(address);
    client.send(get("/healthz"));
    EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200")) << address;
  }
}

TEST(Drain, ClosesIdleConnectionsAndTakesNoNewOnes) {
  TestServer server;
  RawClient idle(server.address());
  idle.send(get("/healthz"));
  idle.read_header();
  idle.read_exactly(3);
  EXPECT_TRUE(server.server->drain(server.clock.now() + std::chrono::seconds(10)));
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_FALSE(accepts_connections(server));
  expect_nothing_left(server);
}

TEST(Drain, DoesNotWaitForClientsThatSendOnAfterTheLastReply) {
  TestServer server;
  const ClientsThatSendOn clients(server);
  EXPECT_TRUE(server.server->drain(server.clock.now() + std::chrono::seconds(10)));
  expect_nothing_left(server);
}

TEST(Drain, LetsRunningRequestsFinish) {
  TestServer server;
  server.reader.hold("a.bin");
  RawClient client(server.address());
  client.send(get("/ns/demo/a.bin") + get("/healthz"));
  server.reader.wait_for_waiters(1);
  auto draining = std::async(std::launch::async,
                             [&] { return server.server->drain(server.clock.now() + std::chrono::seconds(10)); });
  while (accepts_connections(server)) {
  }
  server.reader.release();
  const std::string header = client.read_header();
  EXPECT_NE(header.find("Connection: close\r\n"), std::string::npos) << header;
  EXPECT_EQ(client.read_to_end(), server.bytes("a.bin", 0, 1000));
  client.shutdown_write();
  EXPECT_TRUE(draining.get());
  expect_nothing_left(server);
}

TEST(Drain, CutsOffWhatIsLeftAtTheDeadline) {
  TestServer server;
  server.reader.hold("a.bin");
  RawClient client(server.address());
  client.send(get("/ns/demo/a.bin"));
  server.reader.wait_for_waiters(1);
  auto draining = std::async(std::launch::async,
                             [&] { return server.server->drain(server.clock.now() + std::chrono::seconds(10)); });
  advance_until(server, [&] { return draining.wait_for(std::chrono::seconds(0)) == std::future_status::ready; });
  EXPECT_FALSE(draining.get());
  EXPECT_EQ(client.read_to_end(), "");
  server.reader.release();
  expect_nothing_left(server);
}

}  // namespace
}  // namespace seekfs::http
