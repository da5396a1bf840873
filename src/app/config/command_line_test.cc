// seekfsd's command line, without running anything.
#include "app/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace seekfs::app {
namespace {

using testing::HasSubstr;

TEST(CommandLine, FlagsBecomeAssignments) {
  const auto line = parse_daemon_command_line({"--config", "/c.toml", "--store.type", "fs", "--store.path=/data",
                                               "--api.listen", "127.0.0.1:0", "--api.listen", "[::1]:0",
                                               "--api.dev_endpoints", "--api.insecure_listen", "false"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->sources.file, "/c.toml");
  EXPECT_EQ(line->answer, std::nullopt);
  std::vector<std::pair<std::string, std::string>> given;
  for (const Assignment& flag : line->sources.flags) given.emplace_back(flag.key, std::get<std::string>(flag.raw));
  EXPECT_THAT(given, testing::UnorderedElementsAre(
                         testing::Pair("store.type", "fs"), testing::Pair("store.path", "/data"),
                         testing::Pair("api.listen", "127.0.0.1:0,[::1]:0"), testing::Pair("api.dev_endpoints", "true"),
                         testing::Pair("api.insecure_listen", "false")));
}

TEST(CommandLine, HelpNamesEveryKey) {
  const auto line = parse_daemon_command_line({"--help"});
  ASSERT_TRUE(line && line->answer);
  for (const Key& key : config_keys()) EXPECT_THAT(*line->answer, HasSubstr("--" + std::string(key.name)));
  const auto version = parse_daemon_command_line({"--version"});
  ASSERT_TRUE(version && version->answer);
  EXPECT_THAT(*version->answer, testing::StartsWith("seekfsd "));
}

TEST(CommandLine, WrongLinesAreUsageErrors) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--no-such-flag"},
                                                    {"stray"},
                                                    {"--config"},
                                                    {"--store.type"},
                                                    {"--store.type", "fs", "--store.type", "mem"}}) {
    const auto line = parse_daemon_command_line(arguments);
    ASSERT_FALSE(line) << arguments[0];
    EXPECT_EQ(line.error().code, ErrorCode::bad_request);
  }
}

}  // namespace
}  // namespace seekfs::app
