// Exchanges that succeed: what goes out, what comes in, and which connections carry it.
#include "objectstore/s3/curl_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "base/units.h"
#include "objectstore/s3/curl_client_testing.h"
#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

LoopbackHttpServer::Handler always(ServedReply reply) {
  return [reply](const ServedRequest&) { return reply; };
}

ServedReply echo(const ServedRequest& request) {
  return {.headers = {{"X-Method", request.method}, {"X-Length", std::string(request.header("content-length"))}},
          .body = request.body};
}

TEST(CurlHead, FindsHeadersWhateverTheirCase) {
  const HttpReplyHead head{.status = 200, .headers = {{"ETag", "\"a\""}, {"X-A", ""}, {"etag", "\"b\""}}};
  EXPECT_EQ(head.find("etag"), "\"a\"");
  EXPECT_EQ(head.find("x-a"), "");
  EXPECT_EQ(head.find("eta"), std::nullopt);
  EXPECT_EQ(head.find("ETagg"), std::nullopt);
}

TEST(CurlClient, GivesHeadAndBodyOfAnyStatus) {
  const LoopbackHttpServer server(
      always({.status = 404, .headers = {{"X-Amz-Id", "  7 "}, {"Empty", ""}}, .body = "no"}));
  ClientRig rig;
  const Result<HttpReply> reply = rig.exchange({.url = server.url() + "/a"});
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->head.status, 404);
  EXPECT_EQ(reply->head.find("x-amz-id"), "7");
  EXPECT_EQ(reply->head.find("empty"), "");
  EXPECT_EQ(reply->body, "no");
  EXPECT_FALSE(reply->body_cut);
  EXPECT_FALSE(reply->ended_by_sink);
}

TEST(CurlClient, SendsUrlAndHeadersAsGiven) {
  std::vector<ServedRequest> seen;
  const LoopbackHttpServer server([&seen](const ServedRequest& request) {
    seen.push_back(request);
    return ServedReply{};
  });
  ClientRig rig({.user_agent = "seekfs/1"});
  const std::vector<std::string> targets = {"/",
                                            "/b/a%20b",
                                            "/b//a/../c/./d",
                                            "/b/%2F%2f%7e~!$'()*",
                                            "/b/..",
                                            "/b/k?list-type=2&prefix=a%2Fb&x=",
                                            "/b/k?versionId=%C3%a4",
                                            "/b/a;c=d,e@f:g",
                                            "/?uploads=",
                                            "/b/%"};
  for (const std::string& target : targets) {
    const HttpRequest request{.url = server.url() + target, .headers = {{"Range", "bytes=0-9"}, {"X-Empty", ""}}};
    ASSERT_TRUE(rig.exchange(request)) << target;
    EXPECT_EQ(seen.back().target, target);
    EXPECT_EQ(seen.back().method, "GET");
    EXPECT_EQ(seen.back().header("range"), "bytes=0-9");
    EXPECT_EQ(seen.back().header("user-agent"), "seekfs/1");
    EXPECT_EQ("http://" + std::string(seen.back().header("host")), server.url());
    EXPECT_EQ(std::ranges::count_if(seen.back().headers, [](const auto& h) { return h.first == "x-empty"; }), 1);
    EXPECT_EQ(std::ranges::count_if(seen.back().headers, [](const auto& h) { return h.first == "accept-encoding"; }),
              0);
  }
}

TEST(CurlClient, KeepsItsConnectionThroughAllMethods) {
  const LoopbackHttpServer server(echo);
  ClientRig rig;
  StringSource body("hello");
  for (int i = 0; i < 5; ++i) {
    for (const char* method : {"GET", "PUT", "HEAD", "POST", "DELETE", "GET"}) {
      const bool has_body = method[0] == 'P';
      const Result<HttpReply> reply = rig.exchange({.method = method,
                                                    .url = server.url() + "/a",
                                                    .body = has_body ? &body : nullptr,
                                                    .body_range = {0, has_body ? 5u : 0u}});
      ASSERT_TRUE(reply) << reply.error().message;
      EXPECT_EQ(reply->head.find("x-method"), method);
      EXPECT_EQ(reply->body, has_body ? "hello" : "");
    }
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(CurlClient, TakesAFreshConnectionWhenAsked) {
  const LoopbackHttpServer server(always({}));
  ClientRig rig;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(rig.exchange({.url = server.url(), .fresh_connection = true}));
  EXPECT_EQ(server.connections(), 3u);
}

TEST(CurlClient, Carries64AtOnce) {
  Signal arrived;
  const LoopbackHttpServer server([&arrived](const ServedRequest& request) {
    arrived.raise();
    arrived.wait(64);  // nobody is answered before all are here
    return ServedReply{.body = request.target};
  });
  ClientRig rig({.threads = 2});
  WholeReply receiver;
  std::vector<std::unique_ptr<HttpTransfer>> transfers;
  for (int i = 0; i < 64; ++i) {
    transfers.push_back(rig.client().start({.url = server.url() + "/" + std::to_string(i)}, receiver));
  }
  for (int i = 0; i < 64; ++i) {
    const Result<HttpReply> reply = wait_for(*transfers[i]);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->body, "/" + std::to_string(i));
  }
}

TEST(CurlClient, FillsTheSinkWhateverItsPieces) {
  const std::string bytes = test_bytes(3'000'000);
  const LoopbackHttpServer server(always({.body = bytes}));
  ClientRig rig;
  for (const std::size_t piece :
       {std::size_t{7}, std::size_t{4096}, std::size_t{1'000'000}, bytes.size(), 2 * bytes.size()}) {
    RecordingSink sink(piece);
    AskingReceiver receiver(sink);
    const Result<HttpReply> reply = rig.run({.url = server.url()}, receiver);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(receiver.heads(), 1);
    EXPECT_TRUE(sink.bytes() == bytes) << piece;
    EXPECT_FALSE(reply->ended_by_sink);
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(CurlClient, EndsWhenTheSinkWantsNoMore) {
  const std::string bytes = test_bytes(3'000'000);
  const LoopbackHttpServer server(always({.body = bytes}));
  ClientRig rig;
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{100'001}, bytes.size() - 1}) {
    RecordingSink sink(4096, limit);
    AskingReceiver receiver(sink);
    const Result<HttpReply> reply = rig.run({.url = server.url()}, receiver);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(reply->ended_by_sink);
    EXPECT_TRUE(sink.bytes() == bytes.substr(0, limit));
  }
  // One that is full with the last byte has refused nothing, and its connection is kept.
  RecordingSink sink(4096, bytes.size());
  AskingReceiver receiver(sink);
  const Result<HttpReply> reply = rig.run({.url = server.url()}, receiver);
  ASSERT_TRUE(reply);
  EXPECT_FALSE(reply->ended_by_sink);
  const std::uint64_t connections = server.connections();
  EXPECT_EQ(rig.exchange({.url = server.url()})->body, bytes.substr(0, 1 * MiB));
  EXPECT_EQ(server.connections(), connections);
}

TEST(CurlClient, CutsAReplyThatNobodyTakes) {
  const std::string bytes = test_bytes(1 * MiB + 1);
  const LoopbackHttpServer server([&](const ServedRequest& request) {
    return ServedReply{.body = bytes.substr(request.target == "/whole" ? 1 : 0)};
  });
  ClientRig rig;
  const Result<HttpReply> cut = rig.exchange({.url = server.url() + "/cut"});
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->body_cut);
  EXPECT_FALSE(cut->ended_by_sink);
  EXPECT_TRUE(cut->body == bytes.substr(0, 1 * MiB));
  const Result<HttpReply> whole = rig.exchange({.url = server.url() + "/whole"});
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->body_cut);
  EXPECT_TRUE(whole->body == bytes.substr(1));
}

TEST(CurlClient, HeadHasNoBody) {
  const LoopbackHttpServer server(always({.content_length = 5'000'000'000}));
  ClientRig rig;
  for (int i = 0; i < 2; ++i) {
    const Result<HttpReply> reply = rig.exchange({.method = "HEAD", .url = server.url()});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->head.find("content-length"), "5000000000");
    EXPECT_EQ(reply->body, "");
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(CurlClient, SendsThePartOfTheBody) {
  std::string expect;
  std::string received;
  const LoopbackHttpServer server([&](const ServedRequest& request) {
    expect = request.header("expect");
    received = request.body;
    return echo(request);
  });
  ClientRig rig;
  const std::string bytes = test_bytes(2'500'000);
  StringSource body(bytes);
  struct Case {
    ByteRange range;
    const char* expect;
  };
  for (const Case& one : {Case{{0, 0}, ""}, Case{{7, 1}, ""}, Case{{100, 300'000}, ""}, Case{{0, 1 * MiB - 1}, ""},
                          Case{{3, 1 * MiB}, ""}, Case{{0, 2'500'000}, ""}}) {
    const Result<HttpReply> reply =
        rig.exchange({.method = "PUT", .url = server.url() + "/a", .body = &body, .body_range = one.range});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->head.find("x-length"), std::to_string(one.range.len));
    EXPECT_TRUE(received == bytes.substr(one.range.off, one.range.len));
    EXPECT_EQ(expect, one.expect);
  }
  ASSERT_TRUE(rig.exchange({.method = "POST", .url = server.url() + "/a?uploads="}));
  EXPECT_EQ(received, "");
}

TEST(CurlClient, SendsTheBodyAgainWhenTheKeptConnectionWasClosed) {
  std::vector<ServedRequest> seen;
  Mutex mutex;
  const LoopbackHttpServer server([&](const ServedRequest& request) {
    const MutexLock lock(mutex);
    seen.push_back(request);
    return ServedReply{.no_reply = seen.size() == 2};
  });
  ClientRig rig;
  const std::string bytes = test_bytes(900'000);
  StringSource body(bytes);
  const HttpRequest put{.method = "PUT", .url = server.url() + "/a", .body = &body, .body_range = {100, 800'000}};
  ASSERT_TRUE(rig.exchange(put));
  const Result<HttpReply> second = rig.exchange(put);
  ASSERT_TRUE(second) << second.error().message;
  const MutexLock lock(mutex);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1].connection, 1u);
  EXPECT_EQ(seen[2].connection, 2u);
  EXPECT_TRUE(seen[2].body == bytes.substr(100, 800'000));
}

TEST(CurlClient, DoesNotFollowRedirectsOrKeepCookies) {
  std::string cookie;
  const LoopbackHttpServer server([&](const ServedRequest& request) {
    cookie = request.header("cookie");
    return ServedReply{.status = 301, .headers = {{"Location", "/elsewhere"}, {"Set-Cookie", "a=b"}}};
  });
  ClientRig rig;
  EXPECT_EQ(rig.exchange({.url = server.url() + "/a"})->head.status, 301);
  EXPECT_EQ(rig.exchange({.url = server.url() + "/a"})->head.status, 301);
  EXPECT_EQ(cookie, "");
  EXPECT_EQ(server.requests(), 2u);
}

TEST(CurlClient, ShowsTheFinalHeadOnly) {
  const FixedBytesServer server(
      {"HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-Folded: a\r\n  b\r\n"
       "Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n\r\n3\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n"});
  ClientRig rig;
  RecordingSink sink(2);
  AskingReceiver receiver(sink);
  const Result<HttpReply> reply = rig.run({.url = server.url()}, receiver);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(receiver.heads(), 1);
  EXPECT_EQ(reply->head.status, 200);
  EXPECT_EQ(reply->head.find("x-early"), std::nullopt);
  EXPECT_EQ(reply->head.find("x-folded"), "a b");
  EXPECT_EQ(sink.bytes(), "abc");
}

/// A variable of the environment for one test.
class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~ScopedVariable() { unsetenv(name_); }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;

 private:
  const char* name_;
};

TEST(CurlClient, GoesThroughTheProxyOfTheEnvironment) {
  const LoopbackHttpServer proxy(
      [](const ServedRequest& request) { return ServedReply{.body = "for " + request.target}; });
  const LoopbackHttpServer server(always({.body = "direct"}));
  const ScopedVariable variable("http_proxy", proxy.url());
  const ScopedVariable exception("no_proxy", "x.invalid");
  ClientRig rig;
  const std::string target = "http://s3.example.invalid/b//k/../%2f?a=b";
  const Result<HttpReply> through = rig.exchange({.url = target});
  ASSERT_TRUE(through) << through.error().message;
  EXPECT_EQ(through->body, "for " + target);
  EXPECT_EQ(rig.exchange({.url = server.url()})->body, "direct");
  EXPECT_EQ(proxy.requests(), 1u);
}

}  // namespace
}  // namespace seekfs::objectstore::s3
