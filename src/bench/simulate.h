// The fetch planner and its rivals over a trace, on a virtual clock.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/histogram.h"
#include "bench/simulate_network.h"
#include "bench/simulate_trace.h"
#include "fetch/fetch_policy.h"

namespace seekfs::bench {

struct SimulationOptions {
  NetworkModel network;
  std::uint32_t page_size = 256 * KiB;
  std::uint64_t coalesce_max_bytes = 32 * MiB;
  std::uint64_t max_inflight_gets = 128;
  std::uint64_t seed = 1;  ///< of the network's jitter
};

/// What came of a trace. Every file starts uncached, and nothing leaves the cache.
struct SimulationOutcome {
  std::string name;
  std::uint64_t reads = 0;
  std::uint64_t gets = 0;
  std::uint64_t received_bytes = 0;
  double seconds = 0;   ///< until the last read
  Histogram latencies;  ///< nanoseconds, of all reads, hits included

  double gets_per_read() const { return reads == 0 ? 0 : static_cast<double>(gets) / static_cast<double>(reads); }
  double p95_ms() const { return static_cast<double>(latencies.percentile(95)) / 1e6; }
};

/// By the planner of the daemon: its queue, its running on and its yielding of tails are the same code.
SimulationOutcome simulate_policy(const Trace& trace, const SimulationOptions& options, std::string name,
                                  const fetch::RunOnPolicy& policy);
/// A cache that fetches whole aligned windows, one GET each, all at the same priority; a reader has its bytes when they
/// have come.
SimulationOutcome simulate_windows(const Trace& trace, const SimulationOptions& options, std::string name,
                                   std::uint64_t window_bytes);
/// No cache: a GET for each read.
SimulationOutcome simulate_plain(const Trace& trace, const SimulationOptions& options);

/// The policies by name, and what they are compared with.
std::vector<SimulationOutcome> simulate_all(const Trace& trace, const SimulationOptions& options);

/// A table, and a plot of GETs a read against the 95th percentile.
std::string to_text(const std::vector<SimulationOutcome>& outcomes);
std::string to_svg(const std::vector<SimulationOutcome>& outcomes);

}  // namespace seekfs::bench
