// Hedges on virtual time: when a second GET is sent, which answer counts, and what becomes of the tokens of a retry.
#include "objectstore/s3/hedged_get.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "async/promise.h"
#include "async/sync_wait.h"
#include "base/mutex.h"
#include "objectstore/s3/credentials.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::milliseconds;

/// Exchanges that the test answers by hand, in any order.
class ScriptedClient final : public HttpClient {
 public:
  struct Exchange {
    HttpRequest request;
    HttpReceiver* receiver;
    async::Promise<HttpReply> reply;
    bool awaited = false;
  };

  std::unique_ptr<HttpTransfer> start(HttpRequest request, HttpReceiver& receiver) override {
    MutexLock lock(mutex_);
    exchanges_.push_back({.request = std::move(request), .receiver = &receiver, .reply = {}});
    changed_.notify_all();
    return std::make_unique<Handle>(*this, exchanges_.size() - 1, exchanges_.back().reply);
  }
  /// The exchange number `index`, once it was started.
  Exchange& at(std::size_t index) {
    MutexLock lock(mutex_);
    while (exchanges_.size() <= index) changed_.wait(mutex_);
    return exchanges_[index];
  }
  /// Returns once somebody waits for its end.
  void wait_until_awaited(std::size_t index) {
    MutexLock lock(mutex_);
    while (exchanges_.size() <= index || !exchanges_[index].awaited) changed_.wait(mutex_);
  }
  std::size_t started() const {
    MutexLock lock(mutex_);
    return exchanges_.size();
  }
  /// Head and body; what the receiver does not want ends as the contract says.
  void answer(std::size_t index, const HttpReplyHead& head, std::string_view body) {
    Exchange& exchange = at(index);
    const HttpReceiver::Choice choice = exchange.receiver->on_head(head);
    if (choice.abandon) {
      exchange.reply.set(fail(ErrorCode::cancelled, "abandoned"));
      return;
    }
    HttpReply reply{.head = head, .body = {}};
    if (choice.sink == nullptr) reply.body = body;
    while (choice.sink != nullptr && !body.empty()) {
      const std::span<std::byte> out = choice.sink->prepare();
      const std::size_t count = std::min(out.size(), body.size());
      std::ranges::copy(std::as_bytes(std::span(body.substr(0, count))), out.begin());
      choice.sink->commit(count);
      body.remove_prefix(count);
    }
    exchange.reply.set(std::move(reply));
  }

 private:
  struct Handle final : HttpTransfer {
    Handle(ScriptedClient& owner, std::size_t number, async::Promise<HttpReply> promise)
        : client(owner), index(number), reply(std::move(promise)) {}
    void cancel() override { reply.set(fail(ErrorCode::cancelled, "cancelled")); }
    async::Task<HttpReply> wait() override {
      client.note_awaited(index);
      co_return co_await reply.wait();
    }
    ScriptedClient& client;
    const std::size_t index;
    async::Promise<HttpReply> reply;
  };

  void note_awaited(std::size_t index) {
    MutexLock lock(mutex_);
    exchanges_[index].awaited = true;
    changed_.notify_all();
  }

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Exchange> exchanges_ SEEKFS_GUARDED_BY(mutex_);
};

class HedgedGet : public testing::Test {
 protected:
  static constexpr milliseconds usual{10};

  HedgedGet() {
    for (int i = 0; i < 64; ++i) {
      gate.observe_first_byte(usual);
      gate.acquire(Purpose::demand, [](Result<OriginGate::Permit>) {});
    }
  }
  ~HedgedGet() override { EXPECT_EQ(registry.gauge("seekfs_origin_inflight", "").value(), 0); }

  async::Task<GetAnswer> ask(Purpose purpose, OriginGate::RetryToken paid) {
    const GetQuestion question{.key = "k", .range = ByteRange{0, 4}, .etag = {}, .action = "get k", .purpose = purpose};
    const SignedHttp sent{.request = {.url = "http://store/k"}, .credentials = {}, .region = {}, .signed_at = {}};
    co_return co_await hedged_get(parts, question, sent, paid, sink);
  }
  /// Runs until the test has answered all that was started.
  std::jthread in_background(Purpose purpose = Purpose::demand, OriginGate::RetryToken paid = {}) {
    return std::jthread([this, purpose, paid] {
      auto got = async::sync_wait(ask(purpose, paid));
      if (got) answer = *std::move(got);
    });
  }
  /// The first byte of exchange number `index` is late.
  void let_hedge_begin(std::size_t index = 0) {
    client.wait_until_awaited(index);
    clock.advance(usual + milliseconds(1));
  }
  static HttpReplyHead good() {
    return {.status = 206, .headers = {{"ETag", "\"e\""}, {"Content-Length", "4"}, {"Content-Range", "bytes 0-3/100"}}};
  }
  static HttpReplyHead of_status(int status) { return {.status = status, .headers = {}}; }
  /// How many retries the quota still allows.
  int retries_left() {
    int count = 0;
    while (gate.take_retry(RetryKind::transient)) ++count;
    return count;
  }

  static constexpr int all_retries = RetryQuota::capacity / RetryQuota::transient_cost;
  env::ManualClock clock;
  async::Timers timers{clock};
  MetricsRegistry registry;
  OriginMetrics measured{registry, clock};
  OriginGate gate{{.max_in_flight = 1000}, timers, registry};
  ScriptedClient client;
  std::unique_ptr<env::Random> random = env::make_seeded_random(1);
  class Nobody final : public CredentialsProvider {
   public:
    async::Task<CredentialsRef> get(env::TimePoint) override { co_return CredentialsRef(); }
    bool refresh(const CredentialsRef&) override { return false; }
    std::string source() const override { return "anonymous"; }
  } nobody;
  RequestSigner signer{Endpoint::make({.endpoint = "http://store", .region = "us-east-1", .bucket = "bucket"}).value(),
                       nobody, clock};
  const EngineParts parts{client, signer, gate, measured, timers, *random, null_logger()};
  StringSink sink{100};
  GetAnswer answer;
};

TEST_F(HedgedGet, AnAnswerInTimeSendsNoSecond) {
  std::jthread run = in_background();
  client.answer(0, good(), "abcd");
  run.join();
  clock.advance(usual * 10);
  EXPECT_EQ(client.started(), 1U);
  EXPECT_FALSE(answer.failure);
  EXPECT_EQ(sink.take(), "abcd");
  EXPECT_EQ(timers.pending(), 0U);
}

TEST_F(HedgedGet, TheSecondIsSentOnAnotherConnectionAndMayWin) {
  std::jthread run = in_background();
  let_hedge_begin();
  EXPECT_TRUE(client.at(1).request.fresh_connection);
  EXPECT_FALSE(client.at(0).request.fresh_connection);
  client.answer(1, good(), "abcd");
  run.join();
  EXPECT_FALSE(answer.failure);
  EXPECT_EQ(sink.take(), "abcd");
}

TEST_F(HedgedGet, TheFirstMayStillWin) {
  std::jthread run = in_background();
  let_hedge_begin();
  EXPECT_EQ(client.started(), 2U);
  client.answer(0, good(), "abcd");
  run.join();
  EXPECT_FALSE(answer.failure);
  EXPECT_EQ(sink.take(), "abcd");
}

TEST_F(HedgedGet, AFirstThatFailsLeavesItToTheSecond) {
  std::jthread run = in_background();
  let_hedge_begin();
  client.answer(0, of_status(500), "");
  client.answer(1, good(), "abcd");
  run.join();
  EXPECT_FALSE(answer.failure);
  EXPECT_EQ(sink.take(), "abcd");
}

TEST_F(HedgedGet, WhenBothFailTheFirstOnesFailureIsTold) {
  std::jthread run = in_background();
  let_hedge_begin();
  client.answer(1, of_status(403), "");
  client.answer(0, of_status(500), "");
  run.join();
  ASSERT_TRUE(answer.failure);
  EXPECT_EQ(answer.failure->kind, FailureKind::transient);
}

TEST_F(HedgedGet, OnlyReadersThatWaitAreHedged) {
  for (const Purpose purpose : {Purpose::prefetch, Purpose::manifest, Purpose::publish}) {
    const std::size_t mine = client.started();
    std::jthread run = in_background(purpose);
    let_hedge_begin(mine);
    client.answer(mine, good(), "abcd");
    run.join();
    EXPECT_FALSE(answer.failure);
  }
  EXPECT_EQ(client.started(), 3U);
}

TEST_F(HedgedGet, ARetriesTokensComeBackByWhicheverLaneWins) {
  for (const std::size_t winner : {0U, 1U}) {
    SCOPED_TRACE(winner);
    const auto paid = gate.take_retry(RetryKind::transient);
    ASSERT_TRUE(paid);
    const std::size_t first = client.started();
    std::jthread run = in_background(Purpose::demand, *paid);
    let_hedge_begin(first);
    client.answer(first + winner, good(), "abcd");
    run.join();
    ASSERT_FALSE(answer.failure);
  }
  EXPECT_EQ(retries_left(), all_retries);
}

TEST_F(HedgedGet, ARetryThatFailsOnBothLanesStaysPaid) {
  const auto paid = gate.take_retry(RetryKind::transient);
  ASSERT_TRUE(paid);
  std::jthread run = in_background(Purpose::demand, *paid);
  let_hedge_begin();
  client.answer(0, of_status(500), "");
  client.answer(1, of_status(500), "");
  run.join();
  ASSERT_TRUE(answer.failure);
  EXPECT_EQ(retries_left(), all_retries - 1);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
