// The outcomes of a simulation as a table and as a plot.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "bench/simulate.h"

namespace seekfs::bench {
namespace {

constexpr double plot_left = 70;
constexpr double plot_top = 40;
constexpr double plot_width = 620;
constexpr double plot_height = 320;

/// Logarithmic axes around all points.
struct Axis {
  double low = 0;
  double high = 0;

  double at(double value) const { return (std::log10(value) - low) / (high - low); }
};

Axis axis_over(const std::vector<double>& values) {
  Axis axis{.low = std::floor(std::log10(std::ranges::min(values)) * 2) / 2,
            .high = std::ceil(std::log10(std::ranges::max(values)) * 2) / 2};
  axis.high = std::max(axis.high, axis.low + 0.5);
  return axis;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char character : text) {
    switch (character) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      default: out += character;
    }
  }
  return out;
}

void put_grid(std::string& out, const Axis& x, const Axis& y) {
  const auto to = std::back_inserter(out);
  for (int step = static_cast<int>(std::lround(x.low * 2)); step <= std::lround(x.high * 2); ++step) {
    const double value = std::pow(10, step / 2.0);
    const double left = plot_left + plot_width * x.at(value);
    fmt::format_to(to, R"(<path d="M{:.1f} {}v{}" stroke="#ddd"/>)", left, plot_top, plot_height);
    fmt::format_to(to, "<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.2g}</text>\n", left,
                   plot_top + plot_height + 18, value);
  }
  for (int step = static_cast<int>(std::lround(y.low * 2)); step <= std::lround(y.high * 2); ++step) {
    const double value = std::pow(10, step / 2.0);
    const double top = plot_top + plot_height * (1 - y.at(value));
    fmt::format_to(to, R"(<path d="M{} {:.1f}h{}" stroke="#ddd"/>)", plot_left, top, plot_width);
    fmt::format_to(to, "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.2g} ms</text>\n", plot_left - 8, top + 4,
                   value);
  }
}

}  // namespace

std::vector<SimulationOutcome> simulate_all(const Trace& trace, const SimulationOptions& options) {
  const auto policy = [&](std::string name, fetch::FetchPolicy which) {
    return simulate_policy(trace, options, std::move(name), fetch::run_on_policy(which, options.coalesce_max_bytes));
  };
  std::vector<SimulationOutcome> outcomes;
  outcomes.push_back(policy("latency", fetch::FetchPolicy::latency));
  outcomes.push_back(policy("balanced", fetch::FetchPolicy::balanced));
  outcomes.push_back(policy("fewest-gets", fetch::FetchPolicy::fewest_gets));
  outcomes.push_back(simulate_plain(trace, options));
  outcomes.push_back(simulate_windows(trace, options, "windows of 8 MiB", 8 * MiB));
  outcomes.push_back(simulate_windows(trace, options, "windows of 16 MiB", 16 * MiB));
  return outcomes;
}

std::string to_text(const std::vector<SimulationOutcome>& outcomes) {
  std::string out =
      "| way of fetching | GETs a read | p50 ms | p95 ms | MiB received | seconds |\n"
      "| --- | --- | --- | --- | --- | --- |\n";
  for (const SimulationOutcome& one : outcomes) {
    fmt::format_to(std::back_inserter(out), "| {} | {:.3f} | {:.1f} | {:.1f} | {:.0f} | {:.2f} |\n", one.name,
                   one.gets_per_read(), static_cast<double>(one.latencies.percentile(50)) / 1e6, one.p95_ms(),
                   static_cast<double>(one.received_bytes) / static_cast<double>(MiB), one.seconds);
  }
  return out;
}

std::string to_svg(const std::vector<SimulationOutcome>& outcomes) {
  std::vector<double> gets{1};
  std::vector<double> waits{100};
  for (const SimulationOutcome& one : outcomes) {
    gets.push_back(std::max(one.gets_per_read(), 0.001));
    waits.push_back(std::max(one.p95_ms(), 0.001));
  }
  const Axis x = axis_over(gets);
  const Axis y = axis_over(waits);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"{}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"{}\" y=\"22\" "
      "font-size=\"14\">95th percentile of the wait over GETs a read (simulated)</text>\n",
      plot_top + plot_height + 40, plot_left);
  put_grid(out, x, y);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const double left = plot_left + plot_width * x.at(gets[i + 1]);
    const double top = plot_top + plot_height * (1 - y.at(waits[i + 1]));
    fmt::format_to(std::back_inserter(out),
                   "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"#0072B2\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{}"
                   "</text>\n",
                   left, top, left + 7, top - 5, escaped(outcomes[i].name));
  }
  return out + "</svg>\n";
}

}  // namespace seekfs::bench
