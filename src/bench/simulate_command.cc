// Options by CLI11, sizes and times by the house's words for them.
#include "bench/simulate_command.h"

#include <chrono>

#include <CLI/CLI.hpp>

#include "base/units.h"

namespace seekfs::bench {
namespace {

constexpr std::uint64_t max_threads = 4096;
constexpr std::uint64_t max_reads = 10'000'000;

Result<double> seconds_of(const std::string& text) {
  SEEKFS_ASSIGN(const std::chrono::milliseconds duration, parse_duration(text));
  return std::chrono::duration<double>(duration).count();
}

Status read_network(const SimulateArguments& arguments, NetworkModel& network) {
  SEEKFS_ASSIGN(network.latency, seconds_of(arguments.latency));
  SEEKFS_ASSIGN(network.jitter, seconds_of(arguments.jitter));
  SEEKFS_ASSIGN(const std::uint64_t bandwidth, parse_size(arguments.bandwidth));
  SEEKFS_ASSIGN(const std::uint64_t rate, parse_size(arguments.rate_per_connection));
  SEEKFS_ASSIGN(const std::uint64_t buffer, parse_size(arguments.socket_buffer));
  if (bandwidth == 0 || rate == 0) return fail(ErrorCode::invalid, "--bandwidth and --rate-per-connection are not 0");
  network.bandwidth = static_cast<double>(bandwidth);
  network.rate_per_connection = static_cast<double>(rate);
  network.socket_buffer = static_cast<double>(buffer);
  return {};
}

}  // namespace

CLI::App& add_simulate(CLI::App& app, SimulateArguments& into) {
  CLI::App* command = app.add_subcommand(
      "simulate", "GETs a read against waits for each fetch policy, by the daemon's planner on a virtual clock");
  const auto option = [command](const char* name, auto& value, const char* help) {
    return command->add_option(name, value, help)->capture_default_str();
  };
  option("--workload", into.workload, "one of run's, but readv");
  option("--threads", into.threads, "readers")->check(CLI::Range(std::uint64_t{1}, max_threads));
  option("--reads", into.reads, "all readers together; 0: everything")->check(CLI::Range(std::uint64_t{0}, max_reads));
  option("--shards", into.shards, "how many large files");
  option("--shard-size", into.shard_size, "size of each");
  option("--small-files", into.small_files, "how many small files");
  option("--seed", into.seed, "of reads and jitter");
  command->add_option("--trace", into.trace, "recorded reads instead: thread,time_ms,path,off,len")->type_name("FILE");
  option("--page-size", into.page_size, "of all files");
  option("--latency", into.latency, "to the first byte of a GET");
  option("--jitter", into.jitter, "more or less than that, uniformly");
  option("--bandwidth", into.bandwidth, "a second, shared");
  option("--rate-per-connection", into.rate_per_connection, "a second at most");
  option("--socket-buffer", into.socket_buffer, "what a paused connection goes on receiving");
  option("--max-inflight-gets", into.max_inflight_gets, "as s3.max_inflight_gets")->check(CLI::Range(1, 65536));
  command->add_option("--svg", into.svg, "a plot")->type_name("FILE");
  return *command;
}

Result<SimulationRequest> read_arguments(const SimulateArguments& arguments) {
  SimulationRequest request;
  SEEKFS_TRY(read_network(arguments, request.options.network));
  SEEKFS_ASSIGN(const std::uint64_t page_size, parse_size(arguments.page_size));
  if (page_size == 0 || page_size > 64 * MiB) return fail(ErrorCode::invalid, "--page-size is 1 byte to 64MiB");
  request.options.page_size = static_cast<std::uint32_t>(page_size);
  request.options.max_inflight_gets = arguments.max_inflight_gets;
  request.options.seed = arguments.seed;
  request.data.shards = arguments.shards;
  request.data.small_files = arguments.small_files;
  SEEKFS_ASSIGN(request.data.shard_size, parse_size(arguments.shard_size));
  SEEKFS_TRY(check(request.data));
  SEEKFS_ASSIGN(request.workload, parse_workload(arguments.workload));
  request.workload.threads = arguments.threads;
  request.workload.reads = arguments.reads;
  if (!arguments.trace.empty()) request.trace = arguments.trace;
  if (!arguments.svg.empty()) request.svg = arguments.svg;
  return request;
}

}  // namespace seekfs::bench
