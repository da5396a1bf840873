// Running workloads on a target: threads, clocks, verification, and what is counted meanwhile.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "bench/origin_metrics.h"
#include "bench/report.h"
#include "bench/target.h"
#include "env/clock.h"

namespace seekfs::bench {

struct RunOptions {
  RunSettings settings;
  std::vector<Workload> workloads;
  std::uint64_t repetitions = 3;
  std::optional<std::uint64_t> pid;  ///< of the process whose CPU time and memory count
  /// False: the target was started with empty caches, and nothing is dropped.
  bool drop = true;
  /// Who counts what the store was asked for; without it the target does.
  std::optional<MetricsUrl> origin_metrics;
};

/// How long a run waits, before and after an epoch, for requests of the store that are under way.
inline constexpr std::chrono::seconds settling_time{10};

struct RunContext {
  Target& target;
  env::FileSystem& files;
  env::Clock& clock;
  std::stop_token stop;
  /// Told before each epoch, and what a reader of its figures must know; for a progress line.
  std::function<void(std::string_view)> progress;
};

struct RunResult {
  std::vector<Case> cases;
  std::vector<std::string> not_dropped;
  bool interrupted = false;  ///< a stop was requested; the cases hold whole repetitions only
};

/// For each workload and repetition: drops the caches unless told not to, then one epoch after the other. In epoch 0
/// every thread goes through its reads once, or until the seconds are over; later epochs have another order, and with
/// seconds (warm seconds) they go through it again until those are over. The first wrong byte, failed request or short
/// reply ends the run with its Error; wrong bytes are `hash_mismatch`, as nothing else is, and name file and offset.
Result<RunResult> run(const RunOptions& options, const RunContext& context);

}  // namespace seekfs::bench
