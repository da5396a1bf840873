// The daemon's JSON as values, and replies that are something else.
#include "cli/json_read.h"

#include <gtest/gtest.h>

#include "cli/daemon_client.h"

namespace seekfs::cli {
namespace {

TEST(JsonRead, ProblemsBecomeErrors) {
  DaemonReply reply{
      .status = 404, .headers = {}, .body = R"({"code":"no_such_version","detail":"no v-9","request_id":"r1"})"};
  const Error error = error_of_reply(reply);
  EXPECT_EQ(error.code, ErrorCode::no_such_version);
  EXPECT_EQ(error.message, "no v-9 (request r1)");
  reply.body = "<html>";
  EXPECT_EQ(error_of_reply(reply).code, ErrorCode::internal);
  EXPECT_EQ(error_of_reply(reply).message, "the daemon answered 404 without saying why");
}

TEST(JsonRead, FilesAndFoldersComeInOneOrder) {
  const auto list = parse_file_list(
      R"({"ns":"d","version":3,"files":[{"path":"c","size":5,"hash":"sha256:00","mtime":7},{"path":"e","size":0,"hash":"","mtime":null}],
          "prefixes":["a/","d/"],"next":"cursor"})");
  ASSERT_TRUE(list) << list.error().message;
  EXPECT_EQ(list->version, 3U);
  EXPECT_EQ(list->next, "cursor");
  ASSERT_EQ(list->entries.size(), 4U);
  EXPECT_EQ(list->entries[0].path, "a/");
  EXPECT_TRUE(list->entries[0].folder);
  EXPECT_EQ(list->entries[1].path, "c");
  EXPECT_EQ(list->entries[1].mtime, 7);
  EXPECT_EQ(list->entries[3].mtime, std::nullopt);
  EXPECT_EQ(parse_file_list(R"({"version":1,"files":[],"prefixes":[],"next":null})")->next, std::nullopt);
}

TEST(JsonRead, OtherRepliesAreRefused) {
  for (const char* text : {"", "[]", "{}", R"({"version":-1,"files":[],"prefixes":[]})",
                           R"({"version":1,"files":[{"path":1,"size":2}],"prefixes":[]})",
                           R"({"version":1,"files":[{"path":"../a","size":2}],"prefixes":[]})",
                           R"({"version":1,"files":[{"path":"/a","size":2}],"prefixes":[]})",
                           R"({"version":1,"files":[],"prefixes":[3]})"}) {
    EXPECT_FALSE(parse_file_list(text)) << text;
  }
  EXPECT_FALSE(parse_ready(R"({"status":"ready"})"));
  EXPECT_FALSE(parse_ready(R"({"status":"ready","degraded":[1]})"));
  EXPECT_EQ(parse_ready(R"({"status":"ready","degraded":["x"]})")->degraded.size(), 1U);
}

TEST(DaemonClient, TakesOnlyHttpAddresses) {
  for (const char* text : {"", "127.0.0.1:7070", "https://h:1", "http://", "http://h/path", "http://u@h"}) {
    EXPECT_FALSE(DaemonClient::connect_to(text)) << text;
  }
  EXPECT_EQ(DaemonClient::connect_to("http://h:1/")->base(), "http://h:1");
}

TEST(DaemonClient, SaysThatNobodyAnswers) {
  auto client = DaemonClient::connect_to("http://127.0.0.1:1");
  ASSERT_TRUE(client);
  const auto reply = client->get("/healthz");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().code, ErrorCode::internal);
  EXPECT_TRUE(reply.error().message.starts_with("no daemon answers at http://127.0.0.1:1 (")) << reply.error().message;
}

}  // namespace
}  // namespace seekfs::cli
