// The command line: what it means, and what is refused.
#include "bench/command_line.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>

namespace seekfs::bench {
namespace {

TEST(CommandLineTest, Prepare) {
  const auto line = parse_command_line({"prepare", "/data", "--shards", "3", "--shard-size", "1MiB", "--small-files",
                                        "7", "--small-size", "1KiB-2KiB", "--seed", "9"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->action, Action::prepare);
  EXPECT_EQ(line->directory, "/data");
  EXPECT_EQ(
      line->data,
      (DataSet{.seed = 9, .shards = 3, .shard_size = MiB, .small_files = 7, .small_min = KiB, .small_max = 2 * KiB}));
  EXPECT_EQ(parse_command_line({"prepare", "x"}).value().data, DataSet());
}

TEST(CommandLineTest, RunHasACaseForEachWorkloadAndNumberOfThreads) {
  const auto line = parse_command_line({"run",       "unix:/s", "--workload",     "small,random:4KiB",
                                        "--threads", "8,16",    "--reads",        "50",
                                        "--pid",     "12",      "--json",         "a",
                                        "--svg",     "b",       "--repetitions",  "4",
                                        "--seconds", "1.5",     "--warm-seconds", "0.5"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->action, Action::run);
  EXPECT_EQ(line->target.address, "unix:/s");
  EXPECT_EQ(line->target.ns, "bench");
  ASSERT_EQ(line->run.workloads.size(), 4U);
  EXPECT_EQ(to_string(line->run.workloads[1]), "small");
  EXPECT_EQ(line->run.workloads[1].threads, 16U);
  EXPECT_EQ(line->run.workloads[2].threads, 8U);
  EXPECT_EQ(line->run.workloads[2].reads, 50U);
  EXPECT_EQ(line->run.pid, 12U);
  EXPECT_EQ(line->json, "a");
  EXPECT_EQ(line->svg, "b");
  EXPECT_EQ(line->run.repetitions, 4U);
  EXPECT_EQ(line->run.settings.seconds, 1.5);
  EXPECT_EQ(line->run.settings.warm_seconds, 0.5);
  EXPECT_TRUE(line->text.starts_with("seekfs-bench run unix:/s --workload small,random:4KiB"));
}

TEST(CommandLineTest, RunByDefault) {
  const auto line = parse_command_line({"run", "dir:/d"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->run.workloads.size(), 4U);
  EXPECT_EQ(line->run.repetitions, 3U);
  EXPECT_EQ(line->run.settings, RunSettings());
  EXPECT_FALSE(line->run.pid || line->json || line->svg);
  EXPECT_TRUE(line->run.drop);
  EXPECT_FALSE(parse_command_line({"run", "dir:/d", "--no-drop"}).value().run.drop);
}

TEST(CommandLineTest, WhoCountsTheOriginsRequests) {
  EXPECT_FALSE(parse_command_line({"run", "dir:/d"}).value().run.origin_metrics);
  const auto line = parse_command_line({"run", "dir:/d", "--origin-metrics", "http://127.0.0.1:99/metrics"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->run.origin_metrics.value().url, "http://127.0.0.1:99/metrics");
}

TEST(CommandLineTest, DelayProxy) {
  const auto line = parse_command_line({"delay-proxy", "--to", "127.0.0.1:9000", "--latency", "20ms", "--jitter", "5ms",
                                        "--rate-per-connection", "90MiB", "--metrics", "127.0.0.1:0"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->action, Action::delay_proxy);
  EXPECT_EQ(line->proxy.to, "127.0.0.1:9000");
  EXPECT_EQ(line->proxy.listen, "127.0.0.1:0");
  EXPECT_EQ(line->proxy.latency.count(), 20);
  EXPECT_EQ(line->proxy.jitter.count(), 5);
  EXPECT_EQ(line->proxy.bandwidth, 0U);
  EXPECT_EQ(line->proxy.rate_per_connection, 90 * MiB);
  EXPECT_EQ(line->proxy.metrics, "127.0.0.1:0");
}

TEST(CommandLineTest, CompareAndAnswers) {
  const auto line = parse_command_line({"compare", "a.json", "b.json"});
  ASSERT_TRUE(line);
  EXPECT_EQ(line->action, Action::compare);
  EXPECT_EQ(line->second, "b.json");
  EXPECT_TRUE(parse_command_line({"--help"}).value().answer.contains("prepare"));
  EXPECT_TRUE(parse_command_line({"run", "--help"}).value().answer.contains("--verify"));
  EXPECT_EQ(parse_command_line({"--version"}).value().answer, "seekfs-bench " SEEKFS_VERSION "\n");
}

TEST(CommandLineTest, Simulate) {
  const auto line =
      parse_command_line({"simulate",  "--workload", "random:4KiB", "--threads", "3",           "--reads", "9",
                          "--latency", "7ms",        "--bandwidth", "1MiB",      "--page-size", "64KiB",   "--shards",
                          "2",         "--seed",     "5",           "--trace",   "t",           "--svg",   "s"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->action, Action::simulate);
  const SimulationRequest& wanted = line->simulation;
  EXPECT_EQ(to_string(wanted.workload), "random:4KiB");
  EXPECT_EQ(wanted.workload.threads, 3U);
  EXPECT_EQ(wanted.workload.reads, 9U);
  EXPECT_EQ(wanted.data.shards, 2U);
  EXPECT_DOUBLE_EQ(wanted.options.network.latency, 0.007);
  EXPECT_DOUBLE_EQ(wanted.options.network.bandwidth, 1048576);
  EXPECT_EQ(wanted.options.page_size, 64 * KiB);
  EXPECT_EQ(wanted.options.seed, 5U);
  EXPECT_EQ(wanted.trace, "t");
  EXPECT_EQ(wanted.svg, "s");
  for (const auto& [option, value] : {std::pair("--bandwidth", "0"), std::pair("--page-size", "1GiB"),
                                      std::pair("--workload", "no"), std::pair("--latency", "soon")}) {
    EXPECT_FALSE(parse_command_line({"simulate", option, value})) << option;
  }
}

TEST(CommandLineTest, TheManualPageNamesEveryCommandAndOption) {
  std::ifstream file(SEEKFS_SOURCE_DIR "/docs/man/seekfs-bench.1");
  std::stringstream text;
  text << file.rdbuf();
  std::string page = text.str();
  std::erase(page, '\\');
  const std::regex option("--[a-z][a-z-]+");
  for (const char* command : {"prepare", "run", "compare", "delay-proxy", "simulate"}) {
    EXPECT_TRUE(page.contains(command)) << command;
    const std::string help = parse_command_line({command, "--help"}).value().answer;
    for (auto found = std::sregex_iterator(help.begin(), help.end(), option); found != std::sregex_iterator();
         ++found) {
      EXPECT_TRUE(found->str() == "--help" || page.contains(found->str())) << command << ' ' << found->str();
    }
  }
}

TEST(CommandLineTest, Refusals) {
  const std::vector<std::vector<std::string>> lines{{},
                                                    {"walk"},
                                                    {"run"},
                                                    {"prepare"},
                                                    {"compare", "a"},
                                                    {"run", "x", "--workload", "rand"},
                                                    {"run", "x", "--threads", "0"},
                                                    {"run", "x", "--threads", "5000"},
                                                    {"run", "x", "--reads", "-1"},
                                                    {"run", "x", "--reads", "50000001"},
                                                    {"run", "x", "--epochs", "0"},
                                                    {"run", "x", "--repetitions", "0"},
                                                    {"run", "x", "--seconds", "-1"},
                                                    {"run", "x", "--verify", "none"},
                                                    {"run", "x", "--unknown"},
                                                    {"prepare", "x", "--shard-size", "big"},
                                                    {"prepare", "x", "--small-size", "2KiB-1KiB"},
                                                    {"prepare", "x", "--small-size", "0"},
                                                    {"prepare", "x", "y"},
                                                    {"run", "x", "--origin-metrics", "metrics"},
                                                    {"delay-proxy"},
                                                    {"delay-proxy", "--to", "x:1", "--latency", "20"},
                                                    {"delay-proxy", "--to", "x:1", "--bandwidth", "much"}};
  for (const auto& arguments : lines) {
    const auto line = parse_command_line(arguments);
    ASSERT_FALSE(line) << (arguments.empty() ? "" : arguments.back());
    EXPECT_TRUE(line.error().code == ErrorCode::bad_request || line.error().code == ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace seekfs::bench
