// The report for people.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "bench/report.h"
#include "bench/statistics.h"

namespace seekfs::bench {
namespace {

/// Three significant digits; large numbers in full.
std::string number(double value) { return value >= 1000 ? fmt::format("{:.0f}", value) : fmt::format("{:.3g}", value); }

std::vector<double> values_of(const Case& one, const Metric& metric) {
  std::vector<double> values;
  for (const Figures& figures : one.repetitions) {
    if (const auto value = metric.of(figures)) values.push_back(*value);
  }
  return values;
}

/// "median (min–max)", or "–" without values.
std::string cell(const Case& one, const Metric& metric) {
  const std::vector<double> values = values_of(one, metric);
  if (values.empty()) return "–";
  const Spread spread = spread_of(values);
  if (values.size() == 1) return number(spread.median);
  return fmt::format("{} ({}–{})", number(spread.median), number(spread.min), number(spread.max));
}

/// A table has a row for each case and these of the metrics as columns; those that no case has are left out.
void put_table(std::string& out, const Report& report, std::size_t first, std::size_t last) {
  std::vector<const Metric*> columns;
  for (std::size_t index = first; index < last; ++index) {
    for (const Case& one : report.cases) {
      if (values_of(one, metrics()[index]).empty()) continue;
      columns.push_back(&metrics()[index]);
      break;
    }
  }
  if (columns.empty()) return;
  out += "\n| case |";
  for (const Metric* metric : columns) {
    fmt::format_to(std::back_inserter(out), " {}{}{} |", metric->name, metric->unit.starts_with('/') ? "" : " ",
                   metric->unit);
  }
  out += "\n| --- |";
  for (std::size_t index = 0; index < columns.size(); ++index) out += " --- |";
  out += '\n';
  for (const Case& one : report.cases) {
    out += "| " + one.name() + " |";
    for (const Metric* metric : columns) out += " " + cell(one, *metric) + " |";
    out += '\n';
  }
}

std::string length_of_epochs(const RunSettings& settings) {
  std::string text = settings.seconds > 0 ? fmt::format("epochs of {} s", settings.seconds) : "an epoch is one pass";
  if (settings.warm_seconds > 0) text += fmt::format(", a warm one lasts {} s", settings.warm_seconds);
  return text;
}

void put_facts(std::string& out, const Report& report) {
  const auto line = [&](std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(out), "- {}: {}\n", name, value);
  };
  const DataSet& data = report.settings.data;
  line("target", fmt::format("{} ({})", report.target, report.description));
  line("machine", fmt::format("{}, {} cores, {} of memory, {}", report.machine.cpu, report.machine.cores,
                              report.machine.memory, report.machine.kernel));
  line("started", report.started);
  line("program", "seekfs-bench " + report.version);
  line("command line", "`" + report.command_line + "`");
  line("data set",
       fmt::format("{} shards of {}, {} small files of {} to {}, seed {}", data.shards, format_size(data.shard_size),
                   data.small_files, format_size(data.small_min), format_size(data.small_max), data.seed));
  line("reads", fmt::format("seed {}, {}; every read is verified ({})", report.settings.seed,
                            length_of_epochs(report.settings), report.settings.verify));
  line("not emptied before cold epochs", fmt::to_string(fmt::join(report.not_dropped, "; ")));
}

}  // namespace

std::string to_markdown(const Report& report) {
  std::string out = "# seekfs-bench\n\n";
  if (report.interrupted) {
    out +=
        "**This run was interrupted.** What follows is of the repetitions that were whole; where there are fewer than "
        "were asked for, no figure should be quoted.\n\n";
  }
  put_facts(out, report);
  std::uint64_t fewest = report.wanted_repetitions;
  for (const Case& one : report.cases) fewest = std::min<std::uint64_t>(fewest, one.repetitions.size());
  fmt::format_to(std::back_inserter(out), "\nMedian (least–greatest) of {} repetitions", report.wanted_repetitions);
  if (fewest < report.wanted_repetitions) fmt::format_to(std::back_inserter(out), "; some cases have only {}", fewest);
  if (report.wanted_repetitions < 3) out += "; fewer than 3 say nothing of their spread";
  out += ".\n";
  constexpr std::size_t speed_metrics = 7;
  put_table(out, report, 0, speed_metrics);
  put_table(out, report, speed_metrics, metrics().size());
  out +=
      "\nLatency is of a request up to its last byte; percentiles are at most 0.8 % too high. Throughput is by the "
      "clock "
      "on the wall, verification included. Origin figures are the daemon's own count (/metrics), of a bare S3 server "
      "what was asked of it. CPU and peak RSS are "
      "of "
      "the process of --pid by /proc, the latter since it started; client CPU is seekfs-bench's own.\n";
  return out;
}

}  // namespace seekfs::bench
