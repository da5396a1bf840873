// The command `simulate` of seekfs-bench: its options, and what they mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "bench/simulate.h"

namespace CLI {
class App;
}

namespace seekfs::bench {

struct SimulationRequest {
  SimulationOptions options;
  DataSet data;
  Workload workload;
  std::optional<std::string> trace;  ///< a recorded one instead of the workload
  std::optional<std::string> svg;
};

/// As they are given.
struct SimulateArguments {
  std::string workload = "random:64KiB";
  std::uint64_t threads = 16;
  std::uint64_t reads = 300;
  std::uint64_t shards = 4;
  std::string shard_size = "128MiB";
  std::uint64_t small_files = 10'000;
  std::uint64_t seed = 1;
  std::string trace;
  std::string svg;
  std::string page_size = "256KiB";
  std::string latency = "20ms";
  std::string jitter = "5ms";
  std::string bandwidth = "850MiB";
  std::string rate_per_connection = "400MiB";
  std::string socket_buffer = "4MiB";
  std::uint64_t max_inflight_gets = 128;
};

/// Adds the command; CLI11 fills `into`, which outlives the parsing.
CLI::App& add_simulate(CLI::App& app, SimulateArguments& into);

/// `invalid`, naming what can't be.
Result<SimulationRequest> read_arguments(const SimulateArguments& arguments);

}  // namespace seekfs::bench
