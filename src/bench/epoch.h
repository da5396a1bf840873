// One epoch: threads that read what they were dealt, with a clock around each request and a check behind it.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "bench/histogram.h"
#include "bench/target.h"
#include "bench/workload.h"
#include "env/clock.h"

namespace seekfs::bench {

struct EpochPlan {
  const Workload& workload;
  const std::vector<std::vector<ReadOp>>& reads;  ///< by thread
  std::uint64_t data_seed = 0;
  bool sparse = false;  ///< check a part of the bytes only
  double limit = 0;     ///< seconds; 0: none
  bool repeat = false;  ///< with a limit: again from the first read until it is over
};

struct EpochResult {
  env::Duration elapsed{};
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  Histogram latencies;  ///< nanoseconds
};

/// Ends early, with what was read until then, when `stop` is requested. The first Error of any thread ends all of them.
Result<EpochResult> run_epoch(const EpochPlan& plan, Target& target, env::Clock& clock, const std::stop_token& stop);

}  // namespace seekfs::bench
