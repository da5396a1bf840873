// /cache and what lies below it: what is told, what is dropped, and who may ask for it.
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "http/expected_testing.h"
#include "reader/page_reader.h"

namespace seekfs::http {
namespace {

std::string change(const std::string& target, const std::string& fields = "") {
  return "POST " + target + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n" + fields + "\r\n";
}

std::string body_of(const std::string& reply) { return reply.substr(reply.find("\r\n\r\n") + 4); }

/// Puts one page of a file into a tier or both.
void put_page(TestServer& server, const std::string& path, std::uint32_t page_id, bool in_l1, bool in_l2) {
  const reader::FileRef file = (*server.reader.try_open("demo", path, {})).value();
  const manifest::Page page = file.manifest().page(file.index(), page_id);
  const reader::PageReader reader(file);
  MutablePage bytes = MutablePage::allocate(page.len, nullptr);
  const std::string content = server.bytes(path, page.off, page.len);
  std::ranges::copy(std::as_bytes(std::span(content)), bytes.bytes().begin());
  const PageRef sealed = std::move(bytes).seal();
  if (in_l1) server.l1.put(reader.key(page_id, page), sealed);
  if (in_l2)
    server.l2->put(reader.key(page_id, page), {.crc32c = page.crc32c, .ns = "demo", .path = path, .hash = {}}, sealed);
}

TEST(CacheRoutes, TellWhatTheTiersAndEveryDirectoryHold) {
  TestServer server;
  const Expected expect(server);
  put_page(server, "a.bin", 0, true, false);
  server.l2_admin.status.up = false;
  server.l2_admin.status.detail = "a \"bad\" disk";
  server.l2_admin.status.pages = 7;
  server.l2_admin.status.damaged_pages = 2;
  const auto l1 = server.l1.stats();
  const auto l2 = server.l2->stats();
  EXPECT_EQ(server.exchange(get("/cache")),
            expect.json(R"({"l1":{"pages":1,"bytes":)" + std::to_string(l1.bytes) +
                        R"(,"capacity_bytes":1048576,"evicted_pages":0},"l2":{"pages":0,"bytes":0,"capacity_bytes":)" +
                        std::to_string(l2.capacity_bytes) +
                        R"(,"evicted_pages":0,"written_bytes":0},"disks":[{"path":"/cache","up":false,)"
                        R"("detail":"a \"bad\" disk","pages":7,"live_bytes":0,"segments":0,"segment_bytes":0,)"
                        R"("disk_bytes":0,"capacity_bytes":0,"index_bytes":0,"evicted_pages":0,"evicted_segments":0,)"
                        R"("put_bytes":0,"written_bytes":0,"dropped_pages":0,"damaged_pages":2}]})"));
  EXPECT_TRUE(server.exchange(get("/cache?x=1")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(server.exchange(change("/cache")).starts_with("HTTP/1.1 405 "));
}

TEST(CacheRoutes, FilesSayHowManyBytesEachTierHas) {
  TestServer server;
  const Expected expect(server);
  put_page(server, "a.bin", 0, true, true);
  put_page(server, "a.bin", 3, false, true);
  put_page(server, "b/c.bin", 1, true, false);
  const std::string a = R"({"path":"a.bin","size":1000,"l1_bytes":300,"l2_bytes":400})";
  const std::string c = R"({"path":"b/c.bin","size":2000,"l1_bytes":512,"l2_bytes":0})";
  const std::string head = R"({"ns":"demo","version":3,"files":[)";
  EXPECT_EQ(server.exchange(get("/cache/files?ns=demo&prefix=b/")), expect.json(head + c + R"(],"next":null})", "v-3"));
  const std::string first = body_of(server.exchange(get("/cache/files?ns=demo&limit=1")));
  ASSERT_TRUE(first.starts_with(head + a + R"(],"next":")")) << first;
  const std::size_t at = first.find("\"next\":\"") + 8;
  const std::string next = first.substr(at, first.find('"', at) - at);
  const std::string second = body_of(server.exchange(get("/cache/files?ns=demo&limit=1&after=" + next)));
  EXPECT_TRUE(second.starts_with(head + c + R"(],"next":")")) << second;
  EXPECT_TRUE(server.exchange(get("/cache/files")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(server.exchange(get("/cache/files?ns=demo&limit=0")).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(server.exchange(get("/cache/files?ns=other")).starts_with("HTTP/1.1 404 "));
}

TEST(CacheRoutes, DropTakesAFileOrAVersionOrAllOutOfBothTiers) {
  TestServer server;
  const Expected expect(server);
  const auto fill = [&server] {
    put_page(server, "a.bin", 0, true, true);
    put_page(server, "a.bin", 1, true, true);
    put_page(server, "b/c.bin", 0, true, true);
  };
  fill();
  EXPECT_EQ(server.exchange(change("/cache/drop?ns=demo&path=a.bin")),
            expect.json(R"({"ns":"demo","version":3,"path":"a.bin","pages":4})", "v-3"));
  EXPECT_EQ(server.l1.stats().pages, 1U);
  EXPECT_EQ(server.l2->stats().pages, 1U);
  fill();
  EXPECT_EQ(server.exchange(change("/cache/drop?ns=demo&version=3")),
            expect.json(R"({"ns":"demo","version":3,"pages":10})", "v-3"));
  EXPECT_EQ(server.l1.stats().pages, 0U);
  EXPECT_EQ(server.l2->stats().pages, 0U);
  fill();
  EXPECT_EQ(server.exchange(change("/cache/drop?all=true")), expect.json(R"({"all":true})"));
  EXPECT_EQ(server.l1.stats().pages, 0U);
  EXPECT_EQ(server.l2_admin.dropped, 1);
  for (const char* target : {"/cache/drop", "/cache/drop?all=yes", "/cache/drop?all=true&ns=demo",
                             "/cache/drop?path=a.bin", "/cache/drop?ns=demo&file=a"}) {
    EXPECT_TRUE(server.exchange(change(target)).starts_with("HTTP/1.1 400 ")) << target;
  }
  EXPECT_TRUE(server.exchange(change("/cache/drop?ns=demo&path=absent")).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(server.exchange(get("/cache/drop?all=true")).starts_with("HTTP/1.1 405 "));
  EXPECT_EQ(server.l2_admin.dropped, 1);
}

TEST(CacheRoutes, CheckAndCompactAskTheTier) {
  TestServer server;
  const Expected expect(server);
  server.l2_admin.report = {
      .pages = 5, .bytes = 1000, .damage = {{"/cache/data-00001.seg", 4096, "payload"}}, .damage_count = 1};
  EXPECT_EQ(server.exchange(change("/cache/check")),
            expect.json(R"({"pages":5,"bytes":1000,"damage_count":1,"damage":[{"file":"/cache/data-00001.seg",)"
                        R"("offset":4096,"what":"payload"}]})"));
  EXPECT_EQ(server.exchange(change("/cache/compact")), expect.json(R"({"compacted":true})"));
  EXPECT_EQ(server.l2_admin.compacted, 1);
  server.l2_admin.error = Error(ErrorCode::transient, "read /cache/data-00001.seg: Input/output error");
  const std::string failed = server.exchange(change("/cache/check"));
  EXPECT_TRUE(failed.starts_with("HTTP/1.1 500 ")) << failed;
  EXPECT_NE(failed.find("the cache on disk: read /cache/data-00001.seg"), std::string::npos) << failed;
}

TEST(CacheRoutes, ForeignWebPagesChangeNothing) {
  TestServer server;
  for (const char* origin : {"http://evil.example", "null", "https://localhost", "http://localhost:7070", "localhost",
                             "http://localhost\r\nOrigin: http://evil.example"}) {
    const std::string fields = std::string("Origin: ") + origin + "\r\n";
    for (const char* target : {"/cache/drop?all=true", "/cache/check", "/cache/compact"}) {
      EXPECT_TRUE(server.exchange(change(target, fields)).starts_with("HTTP/1.1 403 ")) << target << " " << origin;
    }
  }
  EXPECT_EQ(server.l2_admin.dropped + server.l2_admin.compacted, 0);
  EXPECT_TRUE(server.exchange(change("/cache/compact", "Origin: http://localhost\r\n")).starts_with("HTTP/1.1 200 "));
}

TEST(CacheRoutes, OnlyThisMachineChangesAnything) {
  ServerOptions options;
  options.listen = {"0.0.0.0:0"};
  TestServer server(options);
  const std::string reply = server.exchange(change("/cache/drop?all=true"));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 403 ")) << reply;
  EXPECT_NE(reply.find("\"code\":\"forbidden\""), std::string::npos);
  EXPECT_TRUE(server.exchange(change("/cache/check")).starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(server.exchange(change("/cache/compact")).starts_with("HTTP/1.1 403 "));
  EXPECT_TRUE(server.exchange(get("/cache")).starts_with("HTTP/1.1 200 "));
  EXPECT_EQ(server.l2_admin.dropped + server.l2_admin.compacted, 0);
}

}  // namespace
}  // namespace seekfs::http
