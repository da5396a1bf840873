// Exchanges that fail: every way in which a network or a server breaks one, and what its error is.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include <limits>

#include "base/units.h"
#include "env/temp_directory_testing.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/curl_client_testing.h"
#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

LoopbackHttpServer::Handler always(ServedReply reply) {
  return [reply](const ServedRequest&) { return reply; };
}

ErrorCode code_of(const Result<HttpReply>& reply) {
  EXPECT_FALSE(reply);
  return reply ? ErrorCode::internal : reply.error().code;
}

/// The error of one GET, after which the client must still work.
void expect_error(ServedReply broken, ErrorCode code, const std::string& delivered) {
  const LoopbackHttpServer server(
      [&](const ServedRequest& request) { return request.target == "/broken" ? broken : ServedReply{.body = "fine"}; });
  ClientRig rig;
  RecordingSink sink(1000);
  AskingReceiver receiver(sink);
  const Result<HttpReply> reply = rig.run({.url = server.url() + "/broken"}, receiver);
  EXPECT_EQ(code_of(reply), code) << reply.error().message;
  // What was not there when the connection was reset may be lost.
  EXPECT_TRUE(delivered.starts_with(sink.bytes()));
  const Result<HttpReply> next = rig.exchange({.url = server.url() + "/next"});
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->body, "fine");
}

TEST(CurlErrors, BrokenBodiesAreTransient) {
  const std::string bytes = test_bytes(300'000);
  expect_error({.body = bytes, .close_at = 100'000}, ErrorCode::transient, bytes.substr(0, 100'000));
  expect_error({.body = bytes, .close_at = 0}, ErrorCode::transient, "");
  expect_error({.body = bytes, .reset_at = 100'000}, ErrorCode::transient, bytes.substr(0, 100'000));
  expect_error({.no_reply = true}, ErrorCode::transient, "");
}

TEST(CurlErrors, GivesAllThatCameBeforeABodyWasCutShort) {
  const std::string bytes = test_bytes(300'000);
  const LoopbackHttpServer server(always({.body = bytes, .close_at = 299'999}));
  ClientRig rig;
  RecordingSink sink(1000);
  AskingReceiver receiver(sink);
  EXPECT_EQ(code_of(rig.run({.url = server.url()}, receiver)), ErrorCode::transient);
  EXPECT_TRUE(sink.bytes() == bytes.substr(0, 299'999));
}

TEST(CurlErrors, NeverDeliversMoreThanTheLength) {
  const LoopbackHttpServer server(always({.body = "0123456789", .content_length = 4}));
  ClientRig rig;
  for (int i = 0; i < 3; ++i) {
    const Result<HttpReply> reply = rig.exchange({.url = server.url()});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, "0123");
  }
}

TEST(CurlErrors, NobodyListensIsTransient) {
  std::string url;
  {
    const LoopbackHttpServer server(always({}));
    url = server.url();
  }
  ClientRig rig;
  const Result<HttpReply> reply =
      rig.exchange({.url = url + "/key?X-Amz-Signature=secret", .headers = {{"Authorization", "AWS4 hidden"}}});
  EXPECT_EQ(code_of(reply), ErrorCode::transient);
  EXPECT_TRUE(reply.error().message.contains(url.substr(7))) << reply.error().message;
  EXPECT_FALSE(reply.error().message.contains("secret"));
  EXPECT_FALSE(reply.error().message.contains("hidden"));
}

TEST(CurlErrors, ANameThatDoesNotResolveIsTransientEachTime) {
  ClientRig rig;
  // Too long a label for a question to a name server.
  const std::string url = "http://" + std::string(64, 'a') + ".invalid/";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code_of(rig.exchange({.url = url})), ErrorCode::transient) << i;
}

TEST(CurlErrors, WhatIsNotHttpIsCorrupt) {
  ClientRig rig;
  for (const char* bytes : {"SSH-2.0-OpenSSH_9.2\r\n", "<Error>garbage</Error>", "\x15\x03\x03\x01\x02\x02\x46",
                            "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "HTTP/7.3 200 OK\r\n\r\n"}) {
    const FixedBytesServer server({bytes});
    const Result<HttpReply> reply = rig.exchange({.url = server.url()});
    EXPECT_EQ(code_of(reply), ErrorCode::corrupt) << bytes << ": " << reply.error().message;
  }
}

TEST(CurlErrors, AHeadWithoutAnEndIsCorrupt) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  while (head.size() < 300 * KiB) head += "X-More: 0123456789012345678901234567890123456789\r\n";
  const FixedBytesServer server({head});
  ClientRig rig;
  EXPECT_EQ(code_of(rig.exchange({.url = server.url()})), ErrorCode::corrupt);
}

TEST(CurlErrors, ATrailerWithoutAnEndIsCorrupt) {
  std::string reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n";
  while (reply.size() < 300 * KiB) reply += "X-More: 0123456789012345678901234567890123456789\r\n";
  const FixedBytesServer server({reply + "\r\n"});
  ClientRig rig;
  EXPECT_EQ(code_of(rig.exchange({.url = server.url()})), ErrorCode::corrupt);
}

TEST(CurlErrors, WhatCannotBeSentIsInvalid) {
  ClientRig rig;
  for (const char* url : {"", "/a", "127.0.0.1/a", "ftp://127.0.0.1/a", "file:///etc/passwd", "http://",
                          "http://user:pw@127.0.0.1/", "http://127.0.0.1:99999/", "http://127.0.0.1:1/a b"}) {
    const Result<HttpReply> reply = rig.exchange({.url = url});
    EXPECT_EQ(code_of(reply), ErrorCode::invalid) << url << ": " << reply.error().message;
    EXPECT_FALSE(reply.error().message.contains("pw"));
  }
  for (const HttpHeader& header : {HttpHeader{"X-A", "a\r\nX-B: b"}, HttpHeader{"X-A\n", "a"}, HttpHeader{"", "a"}}) {
    EXPECT_EQ(code_of(rig.exchange({.url = "http://127.0.0.1:1/", .headers = {header}})), ErrorCode::invalid);
  }
  EXPECT_EQ(code_of(rig.exchange({.method = "PUT", .url = "http://127.0.0.1:1/", .body_range = {0, 1}})),
            ErrorCode::invalid);
}

TEST(CurlErrors, TheErrorOfTheBodyIsTheError) {
  class Failing final : public BodySource {
   public:
    std::uint64_t size() const override { return 1 * MiB; }
    Status read_at(std::uint64_t offset, std::span<std::byte> out) override {
      if (offset > 0) return fail(ErrorCode::source_changed, "the file has changed");
      std::ranges::fill(out, std::byte{1});
      return {};
    }
  };
  const LoopbackHttpServer server(always({}));
  ClientRig rig;
  Failing body;
  const Result<HttpReply> reply =
      rig.exchange({.method = "PUT", .url = server.url(), .body = &body, .body_range = {0, 1 * MiB - 1}});
  EXPECT_EQ(code_of(reply), ErrorCode::source_changed);
  EXPECT_EQ(server.requests(), 0u);
}

TEST(CurlErrors, TrustsTheBundleAndNothingElse) {
  const env::TempDirectory directory;
  const LoopbackIdentity identity = make_loopback_identity();
  const LoopbackHttpServer server(always({.body = "secure"}), identity);
  const auto bundle = [&](const std::string& name, const std::string& pem) {
    const std::string path = directory.path() + "/" + name;
    std::ofstream(path) << pem;
    return path;
  };
  ClientRig trusting({.ca_bundle = bundle("good.pem", identity.certificate_pem)});
  for (int i = 0; i < 2; ++i) {
    const Result<HttpReply> reply = trusting.exchange({.url = server.url()});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, "secure");
  }
  EXPECT_EQ(server.connections(), 1u);

  for (const std::string& other : {std::string(), bundle("other.pem", make_loopback_identity().certificate_pem)}) {
    const Result<HttpReply> reply = ClientRig({.ca_bundle = other}).exchange({.url = server.url()});
    EXPECT_EQ(code_of(reply), ErrorCode::denied);
    EXPECT_TRUE(reply.error().message.contains("set [s3] ca_bundle or AWS_CA_BUNDLE")) << reply.error().message;
  }
  for (const std::string& bad : {directory.path() + "/absent.pem", bundle("bad.pem", "no certificate")}) {
    const Result<HttpReply> reply = ClientRig({.ca_bundle = bad}).exchange({.url = server.url()});
    EXPECT_EQ(code_of(reply), ErrorCode::invalid);
    EXPECT_TRUE(reply.error().message.contains(bad)) << reply.error().message;
  }
  EXPECT_EQ(server.requests(), 2u);
}

TEST(CurlErrors, ABrokenHandshakeIsTransient) {
  const LoopbackHttpServer server(always({}));
  ClientRig rig;
  EXPECT_EQ(code_of(rig.exchange({.url = "https" + server.url().substr(4)})), ErrorCode::transient);
}

TEST(CurlErrors, TheDeadlineIsOnTheClientsClock) {
  Signal arrived;
  const LoopbackHttpServer server([&](const ServedRequest& request) {
    arrived.raise();
    if (request.target == "/late") return ServedReply{.delay = hours(1)};
    return ServedReply{.body = test_bytes(2000), .pause_at = 1000, .pause = hours(1)};
  });
  ClientRig rig({.stall_timeout = hours(2)}, /*manual_time=*/true);
  WholeReply receiver;
  const auto late = rig.client().start({.url = server.url() + "/late", .deadline = rig.now() + seconds(10)}, receiver);
  Signal half;
  RecordingSink sink(5000, 2000, [&](std::size_t size) {
    if (size == 1000) half.raise();
  });
  AskingReceiver asking(sink);
  const auto stuck = rig.client().start({.url = server.url() + "/stuck", .deadline = rig.now() + seconds(20)}, asking);
  arrived.wait(2);
  half.wait();
  rig.manual_clock().advance(seconds(10));
  const Result<HttpReply> first = wait_for(*late);
  EXPECT_EQ(code_of(first), ErrorCode::timeout);
  rig.manual_clock().advance(seconds(10));
  EXPECT_EQ(code_of(wait_for(*stuck)), ErrorCode::timeout);
  EXPECT_EQ(sink.bytes().size(), 1000u);

  // Nothing is sent when it is too late from the start.
  EXPECT_EQ(code_of(rig.exchange({.url = server.url() + "/late", .deadline = rig.now()})), ErrorCode::timeout);
  EXPECT_EQ(server.requests(), 2u);
}

TEST(CurlErrors, ATransferWithoutProgressIsTransient) {
  const LoopbackHttpServer server(always({.body = test_bytes(2000), .pause_at = 1000, .pause = hours(1)}));
  ClientRig rig({.stall_timeout = seconds(20)}, /*manual_time=*/true);
  Signal half;
  // Each transfer sees 15 s pass before its first bytes come: only what follows them counts.
  RecordingSink sink(5000, 2000, [&](std::size_t size) {
    if (size == 1000) half.raise();
  });
  AskingReceiver receiver([&](const HttpReplyHead&) { return HttpReceiver::Choice{.sink = &sink}; });
  const auto transfer = rig.client().start({.url = server.url()}, receiver);
  half.wait();
  rig.manual_clock().advance(seconds(19));
  rig.manual_clock().advance(seconds(1));
  const Result<HttpReply> reply = wait_for(*transfer);
  EXPECT_EQ(code_of(reply), ErrorCode::transient);
  EXPECT_TRUE(reply.error().message.contains("20000 ms")) << reply.error().message;
}

TEST(CurlErrors, ProgressPutsTheStallOff) {
  Signal arrived;
  Signal answer;
  const LoopbackHttpServer server([&](const ServedRequest&) {
    arrived.raise();
    answer.wait();
    return ServedReply{.body = test_bytes(2000), .pause_at = 1000, .pause = hours(1)};
  });
  ClientRig rig({.stall_timeout = seconds(20)}, /*manual_time=*/true);
  Signal half;
  RecordingSink sink(5000, 2000, [&](std::size_t size) {
    if (size == 1000) half.raise();
  });
  AskingReceiver receiver(sink);
  const env::TimePoint start = rig.now();
  const auto transfer = rig.client().start({.url = server.url()}, receiver);
  arrived.wait();
  rig.manual_clock().advance(seconds(15));
  answer.raise();
  half.wait();
  // At 20 s the watch rings and finds the bytes that came at 15 s; at 35 s it has waited for 20 s.
  while (rig.now() < start + seconds(35)) {
    EXPECT_EQ(sink.bytes().size(), 1000u);
    rig.manual_clock().advance(seconds(1));
  }
  EXPECT_EQ(code_of(wait_for(*transfer)), ErrorCode::transient);
}

TEST(CurlErrors, NoDescriptorIsExhausted) {
  const LoopbackHttpServer server(always({}));
  ClientRig rig;
  ASSERT_TRUE(rig.exchange({.url = server.url()}));
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const int lowest = dup(0);
  close(lowest);
  const rlimit none{.rlim_cur = static_cast<rlim_t>(lowest), .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Result<HttpReply> reply = rig.exchange({.url = server.url(), .fresh_connection = true});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(code_of(reply), ErrorCode::exhausted);
  EXPECT_TRUE(rig.exchange({.url = server.url()}));
}

}  // namespace
}  // namespace seekfs::objectstore::s3
