// Objects that changed in the store: a reply that has not begun is made anew from the next version, once.
#include "http/routes/second_try.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "http/expected_testing.h"

namespace seekfs::http {
namespace {

const Error changed(ErrorCode::source_changed, "the object has changed");

class SecondTryTest : public ::testing::Test {
 protected:
  SecondTryTest() {
    server_.reader.fail_at("a.bin", 0, changed);
    server_.reader.on_reload([this] {
      ++reloads_;
      return publishes_ && publish();
    });
  }
  bool publish() {
    server_.reader.publish("demo", 4, {{"a.bin", 700, 256}, {"b/c.bin", 50, 256}});
    if (mends_) server_.reader.mend("a.bin");
    return true;
  }
  /// The body of a reply that is all of v-4, or a piece of the reply that says why it is not.
  std::string body_of_v4(const std::string& reply) {
    if (!reply.starts_with("HTTP/1.1 200 OK\r\n") || reply.find("SeekFS-Version: v-4\r\n") == std::string::npos) {
      return reply.substr(0, 300);
    }
    return reply.substr(reply.find("\r\n\r\n") + 4);
  }
  std::string v4(const std::string& path, std::uint64_t size) {
    return manifest::oracle_content("demo", path, 4, size);
  }

  TestServer server_;
  std::atomic<int> reloads_ = 0;
  std::atomic<bool> publishes_ = true;
  std::atomic<bool> mends_ = true;
};

TEST_F(SecondTryTest, ABlobIsMadeAnewFromTheNextVersion) {
  EXPECT_EQ(body_of_v4(server_.exchange(get("/blob?ns=demo&path=a.bin"))), v4("a.bin", 700));
  EXPECT_EQ(reloads_, 1);
}

TEST_F(SecondTryTest, SoIsAReadv) {
  const std::string items = R"([{"path":"a.bin","off":0,"len":10},{"path":"b/c.bin","off":0,"len":5}])";
  EXPECT_EQ(body_of_v4(server_.exchange(post("/readv?ns=demo", items))), v4("a.bin", 10) + v4("b/c.bin", 5));
  EXPECT_EQ(reloads_, 1);
}

TEST_F(SecondTryTest, ItIsDoneOnce) {
  mends_ = false;
  const std::string reply = server_.exchange(get("/blob?ns=demo&path=a.bin"));
  EXPECT_TRUE(reply.starts_with("HTTP/1.1 502 ")) << reply;
  EXPECT_NE(reply.find("source_changed"), std::string::npos);
  EXPECT_NE(reply.find("SeekFS-Version: v-4\r\n"), std::string::npos) << reply;
  EXPECT_EQ(reloads_, 1);
}

TEST_F(SecondTryTest, FramesStayWithTheirVersionAndTheNextRequestHasTheOther) {
  const std::string items = R"([{"path":"a.bin","len":10},{"path":"b/c.bin","len":5}])";
  const std::string_view frames = "Accept: application/vnd.seekfs.frames\r\n";
  const std::string first = server_.exchange(post("/readv?ns=demo", items, frames));
  EXPECT_NE(first.find("SeekFS-Version: v-3\r\n"), std::string::npos) << first.substr(0, 300);
  EXPECT_NE(first.find(R"("code":"source_changed")"), std::string::npos);
  EXPECT_NE(first.find(server_.bytes("b/c.bin", 0, 5)), std::string::npos);
  EXPECT_EQ(reloads_, 1);
  const std::string second = server_.exchange(post("/readv?ns=demo", items, frames));
  EXPECT_NE(second.find("SeekFS-Version: v-4\r\n"), std::string::npos);
  EXPECT_NE(second.find(v4("a.bin", 10)), std::string::npos);
  EXPECT_EQ(reloads_, 1);
}

TEST_F(SecondTryTest, FramesWaitOnceForAStoreThatHangsHoweverManyItemsHaveChanged) {
  constexpr int count = 100;
  constexpr std::chrono::seconds hangs{2};
  server_.reader.on_reload([&] {
    server_.clock.advance(hangs);
    return false;
  });
  std::string items = "[";
  for (int i = 0; i < count; ++i) items += R"({"path":"a.bin","len":10},)";
  items += R"({"path":"b/c.bin","len":5}])";
  const auto began = server_.clock.now();
  const std::string reply =
      server_.exchange(post("/readv?ns=demo", items, "Accept: application/vnd.seekfs.frames\r\n"));
  EXPECT_EQ(server_.clock.now() - began, hangs);
  int refused = 0;
  const std::string_view code = R"("code":"source_changed")";
  for (std::size_t at = reply.find(code); at != std::string::npos; at = reply.find(code, at + 1)) ++refused;
  EXPECT_EQ(refused, count);
  EXPECT_NE(reply.find(server_.bytes("b/c.bin", 0, 5)), std::string::npos);
}

TEST_F(SecondTryTest, WithoutAnotherVersionTheErrorStands) {
  publishes_ = false;
  EXPECT_TRUE(server_.exchange(get("/ns/demo/a.bin")).starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(reloads_, 1);
}

TEST_F(SecondTryTest, APinnedVersionIsNeverLeft) {
  EXPECT_TRUE(server_.exchange(get("/blob?ns=demo&path=a.bin&version=3")).starts_with("HTTP/1.1 502 "));
  EXPECT_TRUE(server_.exchange(post("/readv?ns=demo&version=3", R"([{"path":"a.bin","len":10}])"))
                  .starts_with("HTTP/1.1 502 "));
  server_.exchange(
      post("/readv?ns=demo&version=3", R"([{"path":"a.bin","len":10}])", "Accept: application/vnd.seekfs.frames\r\n"));
  EXPECT_EQ(reloads_, 0);
}

TEST_F(SecondTryTest, AReplyThatHasBegunIsCut) {
  server_.reader.mend("a.bin");
  server_.reader.fail_at("a.bin", 300, changed);
  RawClient client(server_.address());
  client.send(get("/ns/demo/a.bin"));
  EXPECT_TRUE(client.read_header().starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(client.read_to_end(), server_.bytes("a.bin", 0, 300));
  EXPECT_TRUE(client.was_reset());
  EXPECT_EQ(reloads_, 0);
}

TEST_F(SecondTryTest, OtherErrorsAreNoReason) {
  server_.reader.fail_at("a.bin", 0, Error(ErrorCode::origin_corrupt, "the page is bad"));
  EXPECT_TRUE(server_.exchange(get("/ns/demo/a.bin")).starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(reloads_, 0);
}

}  // namespace
}  // namespace seekfs::http
