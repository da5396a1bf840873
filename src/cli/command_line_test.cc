// The command line as a whole: every command parses, wrong lines are told, the manual page names all of it.
#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <sstream>

namespace seekfs::cli {
namespace {

using testing::HasSubstr;

class CommandLine : public testing::Test {
 protected:
  Result<ParsedLine> parse_line(std::vector<std::string> arguments) {
    globals_ = {};
    chosen_ = nullptr;
    app_ = make_command_line(globals_, chosen_);
    return parse(*app_, std::move(arguments));
  }

  GlobalOptions globals_;
  Command chosen_;
  std::unique_ptr<CLI::App, void (*)(CLI::App*)> app_{nullptr, [](CLI::App*) {}};
};

TEST_F(CommandLine, EveryCommandParses) {
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"health"},
           {"publish", "/data", "--ns", "demo"},
           {"publish", "--ns", "demo", "--delete", "a", "--delete", "b"},
           {"gen-manifest", "--ns", "demo", "--path", "/data", "--version", "1", "--slab-size-mib", "4"},
           {"ns", "ls"},
           {"ns", "show", "demo"},
           {"version", "ls", "demo"},
           {"version", "show", "demo"},
           {"version", "show", "demo", "3"},
           {"version", "diff", "demo", "1", "2"},
           {"version", "rollback", "demo", "1", "--if-parent", "2"},
           {"ls", "-r", "seekfs://demo/"},
           {"stat", "seekfs://demo/a"},
           {"cat", "seekfs://demo/a", "--off", "1", "--len", "2"},
           {"get", "-r", "seekfs://demo/a", "/tmp"},
           {"verify", "demo", "--level", "sample=1%"},
           {"gc", "demo", "--keep-last", "3", "--keep-within", "1d", "--min-age", "1d", "--delete"},
           {"cache", "stat"},
           {"cache", "ls", "demo@3/train", "--all"},
           {"cache", "drop", "seekfs://demo/a"},
           {"cache", "drop", "--all"},
           {"cache", "check", "--direct"},
           {"cache", "compact"},
           {"doctor", "--write"},
           {"doctor", "--policy", "reader"},
           {"config", "show", "--origin"},
           {"completion", "bash"}}) {
    const auto parsed = parse_line(line);
    ASSERT_TRUE(parsed) << line[0] << ": " << parsed.error().message;
    EXPECT_TRUE(chosen_) << line[0];
  }
}

TEST_F(CommandLine, GlobalOptionsStandAnywhere) {
  ASSERT_TRUE(parse_line({"--json", "ns", "ls", "--direct", "--addr", "http://h:1", "--store.type", "mem"}));
  EXPECT_TRUE(globals_.json);
  EXPECT_TRUE(globals_.direct);
  EXPECT_EQ(globals_.address, "http://h:1");
  ASSERT_EQ(globals_.sources.flags.size(), 1U);
  EXPECT_EQ(globals_.sources.flags[0].key, "store.type");
}

TEST_F(CommandLine, WrongLinesAreUsageErrors) {
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{{},
                                                                                    {"nonsense"},
                                                                                    {"ns"},
                                                                                    {"ns", "nonsense"},
                                                                                    {"publish", "/data"},
                                                                                    {"publish", "/data", "--ns"},
                                                                                    {"stat"},
                                                                                    {"version", "diff", "demo", "1"},
                                                                                    {"completion", "tcsh"},
                                                                                    {"ls", "a", "--no-such"}}) {
    const auto parsed = parse_line(line);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, ErrorCode::bad_request);
    EXPECT_FALSE(chosen_);
  }
}

TEST_F(CommandLine, HelpIsAboutTheCommandThatWasNamed) {
  const auto all = parse_line({"--help"});
  ASSERT_TRUE(all && all->answer);
  EXPECT_THAT(*all->answer, HasSubstr("publish"));
  EXPECT_THAT(*all->answer, testing::Not(HasSubstr("gen-manifest")));
  EXPECT_THAT(*all->answer, testing::Not(HasSubstr("--store.prefix")));
  const auto one = parse_line({"publish", "--help"});
  ASSERT_TRUE(one && one->answer);
  EXPECT_THAT(*one->answer, HasSubstr("--max-delete"));
}

TEST_F(CommandLine, TheManualPageNamesEveryCommand) {
  std::ifstream file(SEEKFS_SOURCE_DIR "/docs/man/seekfs-ctl.1");
  std::stringstream text;
  text << file.rdbuf();
  std::string page = text.str();
  std::erase(page, '\\');
  ASSERT_FALSE(page.empty());
  ASSERT_TRUE(parse_line({"health"}));
  const auto all = [](const CLI::App*) { return true; };
  for (const CLI::App* noun : std::as_const(*app_).get_subcommands(all)) {
    const auto verbs = noun->get_subcommands(all);
    if (verbs.empty()) EXPECT_THAT(page, HasSubstr(noun->get_name()));
    for (const CLI::App* verb : verbs) EXPECT_THAT(page, HasSubstr(noun->get_name() + " " + verb->get_name()));
    if (noun->get_name() != "publish") continue;
    for (const CLI::Option* option : noun->get_options()) {
      for (const std::string& name : option->get_lnames()) EXPECT_THAT(page, HasSubstr("--" + name));
    }
  }
}

}  // namespace
}  // namespace seekfs::cli
