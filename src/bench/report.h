// The results of a run as plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/data_set.h"
#include "bench/histogram.h"
#include "bench/machine.h"
#include "bench/workload.h"

namespace seekfs::bench {

/// Latency percentiles that every repetition records.
inline constexpr std::array<double, 4> percentiles{50, 95, 99, 99.9};

/// One repetition of one epoch.
struct Figures {
  double seconds = 0;       ///< from the first request to the end of the last, verification of the bytes included
  std::uint64_t reads = 0;  ///< requests; a batch is one
  std::uint64_t files = 0;  ///< files that these requests read from, repetitions counted
  std::uint64_t bytes = 0;
  /// From before a request to its last byte, without verification, in seconds.
  std::array<double, percentiles.size()> latency{};
  double latency_max = 0;
  double client_cpu_seconds = 0;  ///< of this program, generating and verifying included
  std::optional<double> origin_gets;
  std::optional<double> origin_bytes;
  std::optional<double> cpu_seconds;           ///< of the process of --pid
  std::optional<std::uint64_t> peak_resident;  ///< likewise, bytes since it started

  bool operator==(const Figures&) const = default;
};

/// A workload in one epoch. Epoch 0 is cold, those after it are warm.
struct Case {
  Workload workload;
  std::uint64_t epoch = 0;
  std::vector<Figures> repetitions;
  Histogram latencies;  ///< of all repetitions, nanoseconds; not kept in JSON

  /// "random:64KiB, 16 threads, cold"
  std::string name() const;
};

/// What has to be equal for two runs to be compared.
struct RunSettings {
  DataSet data;
  std::uint64_t seed = 1;
  double seconds = 0;       ///< of an epoch; 0: one pass
  double warm_seconds = 0;  ///< of warm epochs; 0: `seconds` holds for them, too
  std::uint64_t epochs = 2;
  std::string verify = "full";

  bool operator==(const RunSettings&) const = default;
};

struct Report {
  RunSettings settings;
  std::uint64_t wanted_repetitions = 0;
  std::string target;
  std::string description;
  std::string command_line;
  std::string version;
  std::string started;  ///< RFC 3339, UTC
  Machine machine;
  std::vector<std::string> not_dropped;
  bool interrupted = false;
  std::vector<Case> cases;
};

/// A figure that tables and comparisons show; nothing where a repetition has none.
struct Metric {
  std::string_view name;  ///< in JSON and in the report of a comparison
  std::string_view unit;
  std::optional<double> (*of)(const Figures&);
};
/// In the order of the report's columns.
std::span<const Metric> metrics();

/// For people. Says at its top when the run was interrupted.
std::string to_markdown(const Report& report);
std::string to_json(const Report& report);
/// `invalid` when the text is no report of this format.
Result<Report> parse_report(std::string_view json);
/// Latency by percentile of every case, both axes logarithmic.
std::string to_svg(const Report& report);

}  // namespace seekfs::bench
