// Lists as people write them, the body that they become, and the daemon's answer.
#include "cli/hint_client.h"

#include <gtest/gtest.h>

namespace seekfs::cli {
namespace {

TEST(HintList, LinesBecomeWindowsInOrder) {
  const auto windows = parse_hint_list("a b.bin\r\n\ndir/\nc\t5\t10\n");
  ASSERT_TRUE(windows) << windows.error().message;
  EXPECT_EQ(hint_body(*windows, {.epoch = 2, .priority = 1, .ttl = std::chrono::seconds(3)}),
            R"({"epoch":2,"priority":1,"ttl_ms":3000,"windows":[{"path":"a b.bin"},{"prefix":"dir/"},)"
            R"({"path":"c","ranges":[[5,10]]}]})");
}

TEST(HintList, ALineThatIsNoneIsNamed) {
  for (const char* const line : {"c\t5", "c\t5\t", "c\t5\t-1", "c\t5\t1\t1", "dir/\t0\t1", "c\t\t1"}) {
    const auto windows = parse_hint_list(std::string("ok\n") + line);
    ASSERT_FALSE(windows) << line;
    EXPECT_EQ(windows.error().code, ErrorCode::bad_request);
    EXPECT_NE(windows.error().message.find("line 2 "), std::string::npos) << windows.error().message;
  }
  EXPECT_FALSE(parse_hint_list("\n\n"));
}

TEST(HintTtl, WhoWaitsIsNotLeftByTheHint) {
  EXPECT_EQ(default_hint_ttl(false), std::chrono::minutes(10));
  EXPECT_EQ(default_hint_ttl(true), std::chrono::hours(24));
}

TEST(HintReplyText, IsReadWholeOrRefused) {
  const std::string text =
      R"({"id":"ab","ns":"demo","version":3,"newest_version":null,"epoch":1,"priority":2,"state":"stopped",)"
      R"("detail":"full","items":4,"counted":true,"wanted":{"pages":9,"bytes":90},"resident":{"pages":1,"bytes":10},)"
      R"("failed":{"pages":2,"bytes":20},"fetched":{"pages":3,"bytes":30},"error_count":1,)"
      R"("errors":[{"index":3,"path":"a","code":"source_changed","detail":"d"}],"expires_in_ms":5})";
  const auto reply = parse_hint_reply(text);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->status.state, reader::HintState::stopped);
  EXPECT_EQ(reply->status.errors.at(0).code, ErrorCode::source_changed);
  EXPECT_EQ(hint_line(reply->status),
            "ab  demo v-3  stopped: 10 B of 90 B resident, 30 B fetched, 20 B failed (full)\n");
  EXPECT_FALSE(parse_hint_reply("{}"));
  EXPECT_FALSE(parse_hint_reply("7"));
}

}  // namespace
}  // namespace seekfs::cli
