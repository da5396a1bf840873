// Exchanges that are given up at every stage: what waits hears of it, and nothing is called afterwards.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "async/sync_wait.h"
#include "base/units.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/curl_client_testing.h"
#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::chrono::hours for_ever(1);

struct Client {
  std::unique_ptr<env::Clock> clock = env::make_system_clock();
  async::Timers timers{*clock};
  std::unique_ptr<HttpClient> http = make_curl_client({.threads = 2}, timers);
};

LoopbackHttpServer::Handler silent() {
  return [](const ServedRequest&) { return ServedReply{.delay = for_ever}; };
}
LoopbackHttpServer::Handler stuck_in_mid_body() {
  return [](const ServedRequest&) {
    return ServedReply{.body = std::string(1 * MiB, 'x'), .pause_at = 1000, .pause = for_ever};
  };
}

TEST(CurlCancel, EndsWhatWaitsForAHead) {
  LoopbackHttpServer server(silent());
  Client client;
  WholeReply receiver;
  const auto transfer = client.http->start({.url = server.url()}, receiver);
  transfer->cancel();
  EXPECT_EQ(async::sync_wait(transfer->wait()).error().code, ErrorCode::cancelled);
}

TEST(CurlCancel, EndsABodyFromAnotherThread) {
  LoopbackHttpServer server(stuck_in_mid_body());
  Client client;
  HttpTransfer* under_way = nullptr;
  std::atomic<bool> started = false;
  RecordingSink sink(100, 2 * MiB, [&](std::size_t) { started = true; });
  AskingReceiver receiver(sink);
  const auto transfer = client.http->start({.url = server.url()}, receiver);
  under_way = transfer.get();
  std::jthread canceller([&] {
    while (!started) std::this_thread::yield();
    under_way->cancel();
  });
  EXPECT_EQ(async::sync_wait(transfer->wait()).error().code, ErrorCode::cancelled);
  EXPECT_LT(sink.bytes().size(), 1 * MiB);
}

TEST(CurlCancel, AReceiverMayAbandonItsOwnTransferAndCancelAnother) {
  LoopbackHttpServer quick([](const ServedRequest&) { return ServedReply{.body = "x"}; });
  LoopbackHttpServer slow(silent());
  Client client;
  WholeReply patient;
  const auto other = client.http->start({.url = slow.url()}, patient);
  AskingReceiver receiver([&](const HttpReplyHead&) {
    other->cancel();
    return HttpReceiver::Choice{.abandon = true};
  });
  const auto transfer = client.http->start({.url = quick.url()}, receiver);
  EXPECT_EQ(async::sync_wait(transfer->wait()).error().code, ErrorCode::cancelled);
  EXPECT_EQ(async::sync_wait(other->wait()).error().code, ErrorCode::cancelled);
}

TEST(CurlCancel, AHandleMayGoAtAnyTime) {
  LoopbackHttpServer server(stuck_in_mid_body());
  Client client;
  for (int i = 0; i < 50; ++i) {
    RecordingSink sink(100);
    AskingReceiver receiver(sink);
    const auto transfer = client.http->start({.url = server.url()}, receiver);
    if (i % 3 == 0) transfer->cancel();
    if (i % 3 == 1) {
      while (receiver.heads() == 0) std::this_thread::yield();
    }
  }
}

TEST(CurlCancel, AClientMayGoWithManyTransfersUnderWay) {
  LoopbackHttpServer server(stuck_in_mid_body());
  for (int round = 0; round < 5; ++round) {
    Client client;
    std::vector<std::unique_ptr<RecordingSink>> sinks;
    std::vector<std::unique_ptr<AskingReceiver>> receivers;
    std::vector<std::unique_ptr<HttpTransfer>> transfers;
    for (int i = 0; i < 16; ++i) {
      sinks.push_back(std::make_unique<RecordingSink>(1000));
      receivers.push_back(std::make_unique<AskingReceiver>(*sinks.back()));
      transfers.push_back(client.http->start({.url = server.url()}, *receivers.back()));
    }
    client.http.reset();
    for (const auto& transfer : transfers) {
      EXPECT_EQ(async::sync_wait(transfer->wait()).error().code, ErrorCode::cancelled);
    }
  }
}

}  // namespace
}  // namespace seekfs::objectstore::s3
