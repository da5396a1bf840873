// Options of seekfs-bench, by CLI11.
#include "bench/command_line.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "base/units.h"

namespace seekfs::bench {
namespace {

constexpr std::uint64_t max_threads = 4096;
constexpr std::uint64_t max_reads = 50'000'000;
constexpr const char* footer =
    "Targets: http://HOST:PORT and unix:/PATH (seekfsd), dir:/PATH (a directory or mount),\n"
    "s3:http://HOST:PORT/BUCKET[/PREFIX] (plain GETs; credentials and region by $AWS_… variables).\n"
    "Workloads: sequential[:SIZE], random:SIZE, random:MIN-MAX, mixed, small, readv[:FILES].\n"
    "Exit codes: 0 done, 1 failure, 2 usage, 3 wrong bytes, 4 runs that can't be compared, 130 interrupted.";

/// What CLI11 fills in before it is checked.
struct Texts {
  std::string shard_size = "256MiB";
  std::string small_sizes = "4KiB-256KiB";
  std::vector<std::string> workloads{"sequential", "random:64KiB", "small", "readv"};
  std::vector<std::uint64_t> threads{16};
  std::uint64_t reads = 0;
  std::uint64_t pid = 0;
  bool no_drop = false;
  std::string json;
  std::string svg;
  std::string origin_metrics;
  std::string latency = "0ms";
  std::string jitter = "0ms";
  std::string bandwidth = "0";
  std::string rate_per_connection = "0";
};

void add_prepare(CLI::App& app, CommandLine& line, Texts& texts) {
  CLI::App* command = app.add_subcommand("prepare", "writes a data set into a directory");
  command->add_option("DIR", line.directory, "where to")->required();
  command->add_option("--shards", line.data.shards, "how many large files")->capture_default_str();
  command->add_option("--shard-size", texts.shard_size, "size of each")->capture_default_str();
  command->add_option("--small-files", line.data.small_files, "how many small files")->capture_default_str();
  command->add_option("--small-size", texts.small_sizes, "MIN-MAX of their sizes")->capture_default_str();
  command->add_option("--seed", line.data.seed, "other seeds give other bytes")->capture_default_str();
  command->callback([&line] { line.action = Action::prepare; });
}

void add_run(CLI::App& app, CommandLine& line, Texts& texts) {
  CLI::App* command = app.add_subcommand("run", "reads a data set, checks every read, and reports");
  RunSettings& settings = line.run.settings;
  command
      ->add_option("TARGET", line.target.address,
                   "http://HOST:PORT, unix:/PATH, dir:/PATH or s3:http://HOST:PORT/BUCKET/PREFIX")
      ->required();
  command->add_option("--ns", line.target.ns, "the namespace that the data set was published to")
      ->capture_default_str();
  command->add_option("--workload", texts.workloads, "one or more, in this order")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--threads", texts.threads, "one or more; each workload runs with each")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--reads", texts.reads, "of a pass, all threads together; 0: everything (random, mixed: 1000)")
      ->capture_default_str();
  command->add_option("--seconds", settings.seconds, "ends epochs; warm ones last as long; 0: one pass")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  command->add_option("--warm-seconds", settings.warm_seconds, "the same of warm epochs alone")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  command->add_option("--epochs", settings.epochs, "1: cold only; the others are warm")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_option("--repetitions", line.run.repetitions, "of everything")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--seed", settings.seed, "of the order of reads")->capture_default_str();
  command->add_option("--verify", settings.verify, "full: every byte; sparse: 8 in 512")
      ->check(CLI::IsMember({"full", "sparse"}))
      ->capture_default_str();
  command->add_flag("--no-drop", texts.no_drop, "drops no caches: the target was started with empty ones");
  command->add_option("--pid", texts.pid, "of the daemon or mount, for its CPU time and memory");
  command
      ->add_option(
          "--origin-metrics", texts.origin_metrics,
          "/metrics of a seekfsd or of delay-proxy, for origin GETs and bytes instead of the target's own count")
      ->type_name("URL");
  command->add_option("--json", texts.json, "the report as JSON, for compare")->type_name("FILE");
  command->add_option("--svg", texts.svg, "a plot of the latencies")->type_name("FILE");
  command->callback([&line] { line.action = Action::run; });
}

void add_compare(CLI::App& app, CommandLine& line) {
  CLI::App* command = app.add_subcommand("compare", "ratios of two reports with confidence intervals");
  command->add_option("A", line.first, "JSON of a run")->required();
  command->add_option("B", line.second, "JSON of another with the same data set, seeds and workloads")->required();
  command->callback([&line] { line.action = Action::compare; });
}

void add_delay_proxy(CLI::App& app, CommandLine& line, Texts& texts) {
  CLI::App* command = app.add_subcommand("delay-proxy", "puts a distance between clients and a store of this machine");
  DelayProxyOptions& proxy = line.proxy;
  command->add_option("--listen", proxy.listen, "HOST:PORT of loopback; port 0: a free one")->capture_default_str();
  command->add_option("--to", proxy.to, "HOST:PORT of the store")->required();
  command->add_option("--latency", texts.latency, "of a round trip; a half each way")->capture_default_str();
  command->add_option("--jitter", texts.jitter, "how much more or less a round trip may take")->capture_default_str();
  command->add_option("--bandwidth", texts.bandwidth, "bytes a second towards all clients; 0: no limit")
      ->capture_default_str();
  command
      ->add_option("--rate-per-connection", texts.rate_per_connection,
                   "bytes a second towards each client; 0: no limit")
      ->capture_default_str();
  command->add_option("--metrics", proxy.metrics, "HOST:PORT of loopback, for GET /metrics; without it there are none");
  command->callback([&line] { line.action = Action::delay_proxy; });
}

Status take_distance(CommandLine& line, const Texts& texts) {
  SEEKFS_ASSIGN(line.proxy.latency, parse_duration(texts.latency));
  SEEKFS_ASSIGN(line.proxy.jitter, parse_duration(texts.jitter));
  SEEKFS_ASSIGN(line.proxy.bandwidth, parse_size(texts.bandwidth));
  SEEKFS_ASSIGN(line.proxy.rate_per_connection, parse_size(texts.rate_per_connection));
  return {};
}

Status take_sizes(CommandLine& line, const Texts& texts) {
  SEEKFS_ASSIGN(line.data.shard_size, parse_size(texts.shard_size));
  const std::size_t dash = texts.small_sizes.find('-');
  SEEKFS_ASSIGN(line.data.small_min, parse_size(std::string_view(texts.small_sizes).substr(0, dash)));
  line.data.small_max = line.data.small_min;
  if (dash != std::string::npos) {
    SEEKFS_ASSIGN(line.data.small_max, parse_size(std::string_view(texts.small_sizes).substr(dash + 1)));
  }
  return check(line.data);
}

Status take_workloads(CommandLine& line, const Texts& texts) {
  if (texts.reads > max_reads) return fail(ErrorCode::invalid, fmt::format("--reads is at most {}", max_reads));
  for (const std::string& text : texts.workloads) {
    SEEKFS_ASSIGN(Workload workload, parse_workload(text));
    workload.reads = texts.reads;
    for (const std::uint64_t threads : texts.threads) {
      if (threads == 0 || threads > max_threads) {
        return fail(ErrorCode::invalid, fmt::format("--threads is 1 to {}", max_threads));
      }
      workload.threads = threads;
      line.run.workloads.push_back(workload);
    }
  }
  line.run.drop = !texts.no_drop;
  if (texts.pid != 0) line.run.pid = texts.pid;
  if (!texts.origin_metrics.empty()) {
    SEEKFS_ASSIGN(line.run.origin_metrics, parse_metrics_url(texts.origin_metrics));
  }
  if (!texts.json.empty()) line.json = texts.json;
  if (!texts.svg.empty()) line.svg = texts.svg;
  return {};
}

std::string help_of(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app.help() : parsed.front()->help();
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  Texts texts;
  line.text = fmt::format("seekfs-bench {}", fmt::join(arguments, " "));
  CLI::App app("Measures how fast a data set is read, from SeekFS or from a directory, and checks every read.",
               "seekfs-bench");
  app.require_subcommand(1);
  app.footer(footer);
  app.set_version_flag("--version", std::string("seekfs-bench ") + SEEKFS_VERSION);
  add_prepare(app, line, texts);
  add_run(app, line, texts);
  add_compare(app, line);
  SimulateArguments simulate;
  add_simulate(app, simulate).callback([&line] { line.action = Action::simulate; });
  add_delay_proxy(app, line, texts);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // CLI11 takes them from the back
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    line.action = Action::answer;
    line.answer = help_of(app);
    return line;
  } catch (const CLI::CallForVersion& version) {
    line.action = Action::answer;
    line.answer = std::string(version.what()) + "\n";
    return line;
  } catch (const CLI::Error& error) {
    return fail(ErrorCode::bad_request, fmt::format("{}; seekfs-bench --help lists the commands", error.what()));
  }
  if (line.action == Action::prepare) SEEKFS_TRY(take_sizes(line, texts));
  if (line.action == Action::simulate) {
    SEEKFS_ASSIGN(line.simulation, read_arguments(simulate));
  }
  if (line.action == Action::run) SEEKFS_TRY(take_workloads(line, texts));
  if (line.action == Action::delay_proxy) SEEKFS_TRY(take_distance(line, texts));
  return line;
}

}  // namespace seekfs::bench
