// seekfs-bench: writes data sets, measures reads of them, compares measurements.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <cstdio>

#include "bench/command_line.h"
#include "bench/compare.h"
#include "bench/interrupts.h"
#include "bench/machine.h"
#include "env/process.h"
#include "env/random.h"

namespace seekfs::bench {
namespace {

enum ExitCode : int { done = 0, failure = 1, usage = 2, wrong_bytes = 3, not_comparable = 4, interrupted = 130 };

constexpr std::uint64_t max_report = 64 * MiB;
constexpr std::uint64_t max_trace = 4 * GiB;

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_request:
    case ErrorCode::invalid: return usage;
    case ErrorCode::hash_mismatch: return wrong_bytes;
    case ErrorCode::conflict: return not_comparable;
    default: return failure;
  }
}

Result<int> print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return fail(ErrorCode::exhausted, "the report can't be written to stdout");
  }
  return done;
}

Result<int> run_prepare(const CommandLine& line, env::FileSystem& files) {
  SEEKFS_ASSIGN(const std::uint64_t bytes, prepare(line.data, line.directory, files));
  return print(fmt::format("{} in {} files below {}; publish them with: seekfs-ctl publish {} --ns bench\n",
                           format_size_approx(bytes), line.data.shards + line.data.small_files + 1, line.directory,
                           line.directory));
}

Result<Report> measure(const CommandLine& line, env::FileSystem& files, const std::stop_token& stop) {
  const std::unique_ptr<env::Clock> clock = env::make_system_clock();
  TargetOptions options_of_target = line.target;
  options_of_target.environment = env::environment();
  SEEKFS_ASSIGN(const auto target, make_target(options_of_target, files, *clock));
  Report report{
      .settings = line.run.settings,
      .wanted_repetitions = line.run.repetitions,
      .target = target->name(),
      .command_line = line.text,
      .version = SEEKFS_VERSION,
      .started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", std::chrono::floor<std::chrono::seconds>(clock->wall_now())),
      .machine = this_machine(files)};
  SEEKFS_ASSIGN(report.description, target->description());
  if (line.run.origin_metrics) report.description += "; origin GETs and bytes by " + line.run.origin_metrics->url;
  SEEKFS_ASSIGN(report.settings.data, target->data_set());
  RunOptions options = line.run;
  options.settings = report.settings;
  const auto progress = [](std::string_view text) { fmt::print(stderr, "seekfs-bench: {}\n", text); };
  SEEKFS_ASSIGN(RunResult result, run(options, {*target, files, *clock, stop, progress}));
  report.cases = std::move(result.cases);
  report.not_dropped = std::move(result.not_dropped);
  report.interrupted = result.interrupted;
  return report;
}

Result<int> run_workloads(const CommandLine& line, env::FileSystem& files) {
  const Interrupts interrupts;
  SEEKFS_ASSIGN(const Report report, measure(line, files, interrupts.token()));
  SEEKFS_TRY(print(to_markdown(report)));
  if (line.json) SEEKFS_TRY(write_file_atomically(files, *line.json, to_json(report), false));
  if (line.svg) SEEKFS_TRY(write_file_atomically(files, *line.svg, to_svg(report), false));
  return report.interrupted ? interrupted : done;
}

Result<Report> load(const std::string& path, env::FileSystem& files) {
  SEEKFS_ASSIGN(const std::string text, read_file(files, path, max_report));
  auto report = parse_report(text);
  if (!report) return std::unexpected(report.error().with_context(path));
  return report;
}

Result<int> run_compare(const CommandLine& line, env::FileSystem& files) {
  SEEKFS_ASSIGN(const Report first, load(line.first, files));
  SEEKFS_ASSIGN(const Report second, load(line.second, files));
  SEEKFS_ASSIGN(const std::string text, compare(first, second));
  return print(text);
}

Result<int> run_delay_proxy(const CommandLine& line) {
  const Interrupts interrupts;
  const std::unique_ptr<env::Clock> clock = env::make_system_clock();
  const std::unique_ptr<env::Random> random = env::make_system_random();
  SEEKFS_ASSIGN(const auto proxy, make_delay_proxy(line.proxy, *clock, *random));
  const std::string metrics =
      proxy->metrics_address().empty() ? "" : fmt::format(" metrics http://{}/metrics", proxy->metrics_address());
  SEEKFS_TRY(print(fmt::format("delay-proxy ready on {}{}\n", proxy->address(), metrics)));
  SEEKFS_TRY(proxy->run(interrupts.token()));
  return done;
}

Result<int> run_simulation(const SimulationRequest& wanted, env::FileSystem& files) {
  Trace trace;
  if (wanted.trace) {
    SEEKFS_ASSIGN(const std::string csv, read_file(files, *wanted.trace, max_trace));
    SEEKFS_ASSIGN(trace, parse_trace(csv));
  } else {
    SEEKFS_ASSIGN(trace, make_trace(wanted.workload, wanted.data, wanted.options.seed));
  }
  const std::vector<SimulationOutcome> outcomes = simulate_all(trace, wanted.options);
  SEEKFS_TRY(print(to_text(outcomes)));
  if (wanted.svg) SEEKFS_TRY(write_file_atomically(files, *wanted.svg, to_svg(outcomes), false));
  return done;
}

Result<int> act(const std::vector<std::string>& arguments) {
  SEEKFS_ASSIGN(const CommandLine line, parse_command_line(arguments));
  env::FileSystem& files = env::posix_file_system();
  switch (line.action) {
    case Action::prepare: return run_prepare(line, files);
    case Action::run: return run_workloads(line, files);
    case Action::compare: return run_compare(line, files);
    case Action::simulate: return run_simulation(line.simulation, files);
    case Action::delay_proxy: return run_delay_proxy(line);
    case Action::answer: break;
  }
  return print(line.answer);
}

}  // namespace
}  // namespace seekfs::bench

int main(int count, char** arguments) {
  const auto result = seekfs::bench::act({arguments + 1, arguments + count});
  if (result) return *result;
  fmt::print(stderr, "seekfs-bench: error: {}\n", result.error().message);
  return seekfs::bench::exit_code(result.error().code);
}
