// What makes two runs comparable, and their ratios.
#include "bench/compare.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "bench/statistics.h"

namespace seekfs::bench {
namespace {

std::unexpected<Error> differ(std::string_view what) {
  return fail(ErrorCode::conflict, fmt::format("the two runs can't be compared: {}", what));
}

Status check_comparable(const Report& a, const Report& b) {
  if (a.interrupted || b.interrupted) return differ("one was interrupted");
  if (!(a.settings.data == b.settings.data)) return differ("their data sets differ");
  if (a.settings.seed != b.settings.seed)
    return differ(fmt::format("seeds {} and {}", a.settings.seed, b.settings.seed));
  if (a.settings.seconds != b.settings.seconds) return differ("--seconds differ");
  if (a.settings.warm_seconds != b.settings.warm_seconds) return differ("--warm-seconds differ");
  if (a.settings.epochs != b.settings.epochs) return differ("--epochs differ");
  if (a.settings.verify != b.settings.verify) return differ("--verify differs");
  if (a.cases.size() != b.cases.size()) return differ("they have different workloads");
  for (std::size_t index = 0; index < a.cases.size(); ++index) {
    const Case& first = a.cases[index];
    const Case& second = b.cases[index];
    if (!(first.workload == second.workload) || first.epoch != second.epoch) {
      return differ(fmt::format("'{}' and '{}' are different workloads", first.name(), second.name()));
    }
  }
  return {};
}

std::vector<double> values_of(const Case& one, const Metric& metric) {
  std::vector<double> values;
  for (const Figures& figures : one.repetitions) {
    if (const auto value = metric.of(figures)) values.push_back(*value);
  }
  return values;
}

void put_case(std::string& out, const Case& a, const Case& b) {
  fmt::format_to(std::back_inserter(out),
                 "\n## {}\n\n| metric | A | B | B / A | 95 % interval |\n| --- | --- | --- | --- | --- |\n", a.name());
  for (const Metric& metric : metrics()) {
    const std::vector<double> first = values_of(a, metric);
    const std::vector<double> second = values_of(b, metric);
    if (first.empty() && second.empty()) continue;
    const auto median = [](const std::vector<double>& values) {
      return values.empty() ? std::string("–") : fmt::format("{:.4g}", spread_of(values).median);
    };
    const auto ratio = ratio_of(first, second);
    fmt::format_to(
        std::back_inserter(out), "| {} {} | {} | {} | {} |\n", metric.name, metric.unit, median(first), median(second),
        ratio ? fmt::format("{:.3f} | {:.3f}–{:.3f}", ratio->ratio, ratio->low, ratio->high) : std::string("– | –"));
  }
}

}  // namespace

Result<std::string> compare(const Report& a, const Report& b) {
  SEEKFS_TRY(check_comparable(a, b));
  std::string out =
      fmt::format("# seekfs-bench compare\n\n- A: {} ({}), {}, {}\n- B: {} ({}), {}, {}\n", a.target, a.description,
                  a.machine.cpu, a.started, b.target, b.description, b.machine.cpu, b.started);
  out +=
      "\nRatios are of geometric means over the repetitions, intervals Welch's t on their logarithms. An interval that "
      "holds 1 shows no difference.\n";
  for (std::size_t index = 0; index < a.cases.size(); ++index) put_case(out, a.cases[index], b.cases[index]);
  return out;
}

}  // namespace seekfs::bench
