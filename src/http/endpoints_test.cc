// The endpoints that are not about a file's bytes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "async/sync_wait.h"
#include "http/expected_testing.h"

namespace seekfs::http {
namespace {

std::string body_of(const std::string& reply) { return reply.substr(reply.find("\r\n\r\n") + 4); }

TEST(Endpoints, ReadinessFollowsTheServersState) {
  TestServer server;
  const Expected expect(server);
  EXPECT_EQ(server.exchange(get("/readyz")), expect.json(R"({"status":"ready","degraded":[]})"));
  server.reader.set_degraded({"origin away", "demo: v-4 \"refused\""});
  EXPECT_EQ(server.exchange(get("/readyz")),
            expect.json(R"({"status":"ready","degraded":["origin away","demo: v-4 \"refused\""]})"));

  const Parts parts{server.reader, nullptr,      server.metrics, server.memory,
                    server.timers, server.clock, server.logger,  *server.random};
  ServerOptions options;
  options.listen = {"127.0.0.1:0"};
  const auto starting = Server::start(parts, options).value();
  RawClient client(starting->addresses().at(0));
  client.send(get("/readyz", "Connection: close\r\n"));
  const std::string reply = client.read_to_end();
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_NE(reply.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_NE(reply.find(R"({"status":"starting","degraded":["origin away")"), std::string::npos);
}

TEST(Endpoints, VersionAndHealth) {
  ServerOptions options;
  options.version = "1.2.3";
  options.build = "release";
  options.features = {"fs", "mem"};
  TestServer server(options);
  const Expected expect(server);
  EXPECT_EQ(server.exchange(get("/version")),
            expect.json(R"({"version":"1.2.3","build":"release","features":["fs","mem"]})"));
  EXPECT_EQ(body_of(server.exchange(get("/v1/healthz"))), "ok\n");
  EXPECT_EQ(body_of(server.exchange(head("/version"))), "");
  EXPECT_TRUE(server.exchange(get("/healthz?x=1")).starts_with("HTTP/1.1 400 "));
}

TEST(Endpoints, MetricsCountRequestsByRouteAndStatus) {
  TestServer server;
  server.exchange(get("/blob?ns=demo&path=a.bin") + get("/blob?ns=demo&path=a.bin") + get("/blob?ns=demo"));
  const std::string text = body_of(server.exchange(get("/metrics")));
  EXPECT_NE(text.find("seekfs_http_requests_total{code=\"200\",route=\"blob\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("seekfs_http_requests_total{code=\"400\",route=\"blob\"} 1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("seekfs_http_request_duration_seconds_count{route=\"blob\"} 3\n"), std::string::npos) << text;
}

TEST(Endpoints, Namespaces) {
  TestServer server;
  const Expected expect(server);
  const std::string demo =
      R"({"ns":"demo","version":3,"files":5,"bytes":3101,"created_at":1763800000,"degraded":null})";
  EXPECT_EQ(server.exchange(get("/namespaces")), expect.json(R"({"namespaces":[)" + demo + "]}"));
  EXPECT_EQ(server.exchange(get("/namespaces/demo")), expect.json(demo, "v-3"));
  EXPECT_TRUE(server.exchange(get("/namespaces/other")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(server.exchange(get("/namespaces/a%2Fb")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(server.exchange(get("/namespaces/%2")).starts_with("HTTP/1.1 400 "));
}

std::string entry(const TestServer& server, const std::string& path, std::uint64_t size) {
  return fmt::format(R"({{"path":"{}","size":{},"hash":"sha256:{}","mtime":{}}})", path, size, server.hash(path),
                     test_mtime);
}

TEST(Files, ListsAndPages) {
  TestServer server;
  const Expected expect(server);
  const std::string a = entry(server, "a.bin", 1000);
  const std::string bc = entry(server, "b/c.bin", 2000);
  const std::string all = a + "," + bc + "," + entry(server, "empty.bin", 0) + "," + entry(server, "one.bin", 1) + "," +
                          entry(server, "ü +%.bin", 100);
  EXPECT_EQ(server.exchange(get("/files?ns=demo")),
            expect.json(R"({"ns":"demo","version":3,"files":[)" + all + R"(],"prefixes":[],"next":null})", "v-3"));
  EXPECT_EQ(server.exchange(get("/files?ns=demo&prefix=b/")),
            expect.json(R"({"ns":"demo","version":3,"files":[)" + bc + R"(],"prefixes":[],"next":null})", "v-3"));
  EXPECT_EQ(server.exchange(get("/files?ns=demo&prefix=zz")),
            expect.json(R"({"ns":"demo","version":3,"files":[],"prefixes":[],"next":null})", "v-3"));
}

/// Follows the cursors; returns paths and prefixes in the order in which they came.
std::vector<std::string> walk(TestServer& server, const std::string& query) {
  std::vector<std::string> found;
  std::string after;
  while (true) {
    const std::string body = body_of(server.exchange(get("/files?ns=tree" + query + "&after=" + after)));
    for (std::size_t at = 0; (at = body.find("\"path\":\"", at)) != std::string::npos; ++at) {
      found.push_back(body.substr(at + 8, body.find('"', at + 8) - at - 8));
    }
    const std::size_t begin = body.find("\"prefixes\":[") + 12;
    std::string prefixes = body.substr(begin, body.find(']', begin) - begin);
    std::erase(prefixes, '"');
    if (!prefixes.empty()) found.push_back(prefixes);
    const std::size_t next = body.find("\"next\":\"");
    if (next == std::string::npos) return found;
    after = body.substr(next + 8, body.find('"', next + 8) - next - 8);
  }
}

TEST(Files, CursorsVisitEverythingOnceInTheirVersion) {
  TestServer server;
  const std::vector<manifest::OracleFile> files = {{"a", 1}, {"d/1", 1}, {"d/2", 1}, {"d0", 1}, {"e/f/g", 1}, {"z", 1}};
  server.reader.publish("tree", 1, files);
  EXPECT_EQ(walk(server, "&limit=1"), (std::vector<std::string>{"a", "d/1", "d/2", "d0", "e/f/g", "z"}));
  EXPECT_EQ(walk(server, "&limit=1&delimiter=/"), (std::vector<std::string>{"a", "d/", "d0", "e/", "z"}));
  EXPECT_EQ(walk(server, "&limit=2&delimiter=/&prefix=e/"), (std::vector<std::string>{"e/f/"}));

  const std::string first = body_of(server.exchange(get("/files?ns=tree&limit=1")));
  const std::size_t at = first.find("\"next\":\"") + 8;
  const std::string cursor = first.substr(at, first.find('"', at) - at);
  server.reader.publish("tree", 2, {{"b", 1}});
  const std::string second = body_of(server.exchange(get("/files?ns=tree&limit=1&after=" + cursor)));
  EXPECT_NE(second.find("\"version\":1"), std::string::npos);
  EXPECT_NE(second.find("\"path\":\"d/1\""), std::string::npos);
  EXPECT_TRUE(server.exchange(get("/files?ns=tree&version=2&after=" + cursor)).starts_with("HTTP/1.1 400 "));
}

TEST(Files, RefusesWhatItDoesNotKnow) {
  TestServer server;
  for (const std::string query : {"limit=0", "limit=10001", "limit=x", "delimiter=ab", "delimiter=%C3", "after=xyz",
                                  "after=00", "version=0", "prefix=%FF", "marker=a"}) {
    EXPECT_TRUE(server.exchange(get("/files?ns=demo&" + query)).starts_with("HTTP/1.1 400 ")) << query;
  }
  EXPECT_TRUE(server.exchange(get("/files?ns=demo&version=9")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(server.exchange(get("/files")).starts_with("HTTP/1.1 400 "));
}

TEST(TestEndpoints, ShowTheStore) {
  ServerOptions options;
  options.dev_endpoints = true;
  TestServer server(options);
  std::string content(3U << 20U, 'x');
  content += "end";
  async::sync_wait(objectstore::put_small(*server.store, "x/y", "0123456789", {}, {})).value();
  async::sync_wait(objectstore::put_small(*server.store, "large", content, {}, {})).value();
  const std::string head_reply = body_of(server.exchange(get("/test_head?key=x/y")));
  EXPECT_TRUE(head_reply.starts_with(R"({"key":"x/y","size":10,"etag":")")) << head_reply;
  EXPECT_EQ(body_of(server.exchange(get("/test_stream?key=x/y"))), "0123456789");
  EXPECT_EQ(body_of(server.exchange(get("/test_stream?key=x/y&off=3&len=4"))), "3456");
  EXPECT_EQ(body_of(server.exchange(get("/test_stream?key=large&off=5"))), content.substr(5));
  EXPECT_TRUE(server.exchange(get("/test_stream?key=x/y&off=10")).starts_with("HTTP/1.1 416 "));
  EXPECT_TRUE(server.exchange(get("/test_head?key=nope")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(server.exchange(get("/test_head?ns=demo&path=a.bin")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(server.exchange(get("/test_head?key=a&ns=demo")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(server.exchange(get("/test_head")).starts_with("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace seekfs::http
