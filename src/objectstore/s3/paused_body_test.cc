// Bodies that their sinks put off: no byte is lost, none comes too early, and whatever else happens meanwhile ends
// cleanly.
#include <gtest/gtest.h>

#include <fstream>
#include <thread>
#include <vector>

#include "base/units.h"
#include "env/temp_directory_testing.h"
#include "objectstore/s3/curl_client_testing.h"
#include "objectstore/s3/fake_and_store_testing.h"
#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t everything = 1U << 30U;

LoopbackHttpServer::Handler serves(const std::string& body) {
  return [&body](const ServedRequest&) { return ServedReply{.body = body}; };
}

class PausedBodyTest : public testing::Test {
 protected:
  std::unique_ptr<HttpTransfer> start(ClientRig& rig, env::TimePoint deadline = env::TimePoint::max()) {
    return rig.client().start({.url = server.url(), .deadline = deadline}, receiver);
  }

  const std::string body = test_bytes(3 * MiB + 17);
  LoopbackHttpServer server{serves(body)};
  PausingSink sink{5000};
  AskingReceiver receiver{sink};
};

TEST_F(PausedBodyTest, StopsAtTheByteAndGoesOnFromThere) {
  ClientRig rig;
  const auto transfer = start(rig);
  std::uint64_t pauses = 0;
  // Within a piece of libcurl's, at the ends of some, past what it reads at once, and the last byte alone.
  for (const std::size_t size : {5001U, 16'384U, 32'768U, 32'769U, 700'000U, 3U << 20U, 16U + (3U << 20U)}) {
    sink.wait_for_pause(++pauses);
    sink.let(size);
  }
  sink.wait_for_pause(++pauses);
  EXPECT_TRUE(sink.bytes() == body.substr(0, body.size() - 1));
  sink.let(everything);
  const auto reply = wait_for(*transfer);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_FALSE(reply->ended_by_sink);
  EXPECT_TRUE(sink.bytes() == body);
}

TEST_F(PausedBodyTest, OthersGoOnAndTheConnectionServesAgain) {
  ClientRig rig;
  const auto transfer = start(rig);
  sink.wait_for_pause();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(rig.exchange({.url = server.url()})->body.size(), 1 * MiB);
  sink.let(everything);
  ASSERT_TRUE(wait_for(*transfer));
  EXPECT_TRUE(sink.bytes() == body);
  const std::uint64_t connections = server.connections();
  RecordingSink whole(1 * MiB);
  AskingReceiver another(whole);
  ASSERT_TRUE(rig.run({.url = server.url()}, another));
  EXPECT_EQ(server.connections(), connections);
}

TEST_F(PausedBodyTest, OverTlsAsWell) {
  const LoopbackIdentity identity = make_loopback_identity();
  LoopbackHttpServer secure(serves(body), identity);
  const env::TempDirectory directory;
  const std::string bundle = directory.at("ca.pem");
  std::ofstream(bundle) << identity.certificate_pem;
  ClientRig rig({.ca_bundle = bundle});
  const auto transfer = rig.client().start({.url = secure.url()}, receiver);
  std::uint64_t pauses = 0;
  for (const std::size_t size : {5001U, 20'000U, 1U << 20U, 3U << 20U}) {
    sink.wait_for_pause(++pauses);
    sink.let(size);
  }
  sink.wait_for_pause(++pauses);
  sink.let(everything);
  const auto reply = wait_for(*transfer);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_TRUE(sink.bytes() == body);
}

TEST_F(PausedBodyTest, IsNoStall) {
  ClientRig rig({.stall_timeout = seconds(20)}, true);
  const auto transfer = start(rig);
  sink.wait_for_pause();
  rig.manual_clock().advance(seconds(100));
  sink.let(6000);
  sink.wait_for_pause(2);
  rig.manual_clock().advance(seconds(100));
  sink.let(everything);
  ASSERT_TRUE(wait_for(*transfer));
  EXPECT_TRUE(sink.bytes() == body);
}

TEST_F(PausedBodyTest, ASilenceAfterThePauseIsAStall) {
  LoopbackHttpServer stuck(
      [this](const ServedRequest&) { return ServedReply{.body = body, .pause_at = 10'000, .pause = hours(1)}; });
  ClientRig rig({.stall_timeout = seconds(20)}, true);
  const auto transfer = rig.client().start({.url = stuck.url()}, receiver);
  sink.wait_for_pause();
  rig.manual_clock().advance(seconds(100));
  sink.let(10'000);
  const async::Promise<HttpReply> done;
  const std::jthread waiting([&] { done.set(wait_for(*transfer)); });
  while (!done.ready()) rig.manual_clock().advance(seconds(1));
  const auto reply = async::sync_wait(done.wait());
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::transient) << reply.error().message;
}

TEST_F(PausedBodyTest, EndsAtTheDeadlineAllTheSame) {
  ClientRig rig({.stall_timeout = seconds(20)}, true);
  const auto transfer = start(rig, rig.now() + seconds(30));
  sink.wait_for_pause();
  rig.manual_clock().advance(seconds(30));
  const auto reply = wait_for(*transfer);
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::timeout);
  sink.let(everything);
  EXPECT_TRUE(sink.bytes() == body.substr(0, 5000)) << "nobody calls it any more";
}

TEST_F(PausedBodyTest, MayBeCancelled) {
  ClientRig rig;
  const auto transfer = start(rig);
  sink.wait_for_pause();
  transfer->cancel();
  sink.let(everything);
  EXPECT_EQ(wait_for(*transfer).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(sink.bytes() == body.substr(0, 5000));
}

TEST_F(PausedBodyTest, ItsHandleAndItsClientMayGo) {
  std::weak_ptr<PausedBody> paused;
  ClientRig rig;
  {
    const auto dropped = start(rig);
    sink.wait_for_pause();
    paused = sink.body();
  }
  if (const auto late = paused.lock()) late->resume();
  const auto transfer = start(rig);
  sink.wait_for_pause(2);
  const auto held = sink.body().lock();
  rig.close_client();
  held->resume();
  EXPECT_EQ(wait_for(*transfer).error().code, ErrorCode::cancelled);
}

TEST_F(PausedBodyTest, ResumedFromWithinTheCallThatPausesIt) {
  class Hasty final : public BodySink {
   public:
    explicit Hasty(BodySink& inner) : inner_(inner) {}
    bool wants_pause(const std::weak_ptr<PausedBody>& body) override {
      if (again_ = !again_; !again_) return false;
      body.lock()->resume();
      return true;
    }
    std::span<std::byte> prepare() override { return inner_.prepare(); }
    void commit(std::size_t count) override { inner_.commit(count); }

   private:
    BodySink& inner_;
    bool again_ = false;
  };
  ClientRig rig;
  RecordingSink recording(3000);
  Hasty hasty(recording);
  AskingReceiver asking(hasty);
  ASSERT_TRUE(rig.run({.url = server.url()}, asking));
  EXPECT_TRUE(recording.bytes() == body);
}

TEST_F(PausedBodyTest, NoResumeIsLostWhereverTheTransferStands) {
  constexpr std::size_t count = 8;
  ClientRig rig({.threads = 2});
  std::vector<std::jthread> readers;
  for (std::size_t i = 0; i < count; ++i) {
    readers.emplace_back([&] {
      PausingSink own(1000);
      AskingReceiver asking(own);
      const auto transfer = rig.client().start({.url = server.url()}, asking);
      std::uint64_t pauses = 0;
      for (std::size_t size = 2000; size < 1'000'000; size += 20'000) {
        own.wait_for_pause(++pauses);  // which it still is about to say to libcurl
        own.let(size);
      }
      own.let(everything);
      const auto reply = wait_for(*transfer);
      ASSERT_TRUE(reply) << reply.error().message;
      EXPECT_TRUE(own.bytes() == body);
    });
  }
}

TEST_F(PausedBodyTest, AResumeThatChangesNothingOnlyAsksAgain) {
  ClientRig rig;
  const auto transfer = start(rig);
  sink.wait_for_pause();
  {
    std::vector<std::jthread> meddlers;
    for (int i = 0; i < 3; ++i) {
      meddlers.emplace_back([&] {
        for (int turn = 0; turn < 100; ++turn) sink.body().lock()->resume();
      });
    }
  }
  sink.wait_for_pause(10);
  sink.let(everything);
  ASSERT_TRUE(wait_for(*transfer));
  EXPECT_TRUE(sink.bytes() == body);
}

/// A GET of the store whose sink waits for the test at 5000 bytes.
class PausedGet : public testing::Test {
 protected:
  std::jthread get(RequestOptions options = {}) {
    on.fake.bucket().put("a", content);
    return std::jthread([this, options] {
      answer.set(async::sync_wait(on.store().get({.key = "a"}, ByteRange{0, content.size()}, sink, options)));
    });
  }
  std::vector<FakeS3Log> gets() const { return on.fake.log(); }

  const std::string content = test_bytes(3 * MiB);
  FakeAndStore on;
  PausingSink sink{5000};
  async::Promise<ObjectInfo> answer;
};

TEST_F(PausedGet, AServerThatHungUpMeanwhileIsAskedForTheRest) {
  on.fake.add_rule({.operations = {S3Operation::get}, .times = 1, .fault = {.close_at = 20'000}});
  std::jthread caller = get();
  sink.wait_for_pause();
  while (on.fake.http().open_connections() > 0) std::this_thread::yield();
  sink.let(everything);
  caller.join();
  const auto info = async::sync_wait(answer.wait());
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_TRUE(sink.bytes() == content);
  ASSERT_EQ(gets().size(), 2U);
}

TEST_F(PausedGet, WhatReplacedTheObjectMeanwhileIsNotMixedIn) {
  on.fake.add_rule({.operations = {S3Operation::get}, .times = 1, .fault = {.close_at = 20'000}});
  std::jthread caller = get();
  sink.wait_for_pause();
  on.fake.bucket().put("a", std::string(content.size(), 'x'));
  sink.let(everything);
  caller.join();
  const auto info = async::sync_wait(answer.wait());
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::precondition_failed);
  EXPECT_TRUE(sink.bytes() == content.substr(0, sink.bytes().size()));
}

TEST_F(PausedGet, AnotherTryAsksTheSinkAnew) {
  on.fake.add_rule({.operations = {S3Operation::get}, .times = 1, .fault = {.close_at = 20'000}});
  std::jthread caller = get();
  sink.wait_for_pause();
  sink.let(20'001);
  sink.wait_for_pause(2);
  EXPECT_TRUE(sink.bytes() == content.substr(0, 20'001));
  EXPECT_EQ(gets().size(), 2U);
  sink.let(everything);
  caller.join();
  ASSERT_TRUE(async::sync_wait(answer.wait()));
  EXPECT_TRUE(sink.bytes() == content);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
