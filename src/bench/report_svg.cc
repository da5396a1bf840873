// The plot of latencies: one line a case, from the median towards the slowest.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "bench/report.h"

namespace seekfs::bench {
namespace {

constexpr double plot_left = 70;
constexpr double plot_top = 40;
constexpr double plot_width = 620;
constexpr double plot_height = 320;
constexpr double legend_line = 18;
/// Percentiles along the x axis, at −log10 of the share that is slower.
constexpr double most_nines = 4;
constexpr int points_per_nine = 10;

/// Told apart by those who see colours otherwise, too (Okabe and Ito, 2008); then they begin anew, dashed.
constexpr std::array<std::string_view, 7> colors{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                 "#E69F00", "#56B4E9", "#000000"};

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

struct Scale {
  double low = 0;  ///< log10 of seconds
  double high = 1;

  double x(double nines) const { return plot_left + plot_width * nines / most_nines; }
  double y(double seconds) const { return plot_top + plot_height * (high - std::log10(seconds)) / (high - low); }
};

double seconds_at(const Case& one, double nines) {
  const double percent = 100 * (1 - std::pow(10, -nines));
  return std::max(static_cast<double>(one.latencies.percentile(percent)), 1.0) * 1e-9;
}

/// Whole decades around all that is drawn.
Scale scale_of(const std::vector<const Case*>& cases) {
  double low = 1e9;
  double high = 0;
  for (const Case* one : cases) {
    low = std::min(low, seconds_at(*one, 0));
    high = std::max(high, seconds_at(*one, most_nines));
  }
  Scale scale{.low = std::floor(std::log10(low)), .high = std::ceil(std::log10(high))};
  scale.high = std::max(scale.high, scale.low + 1);
  return scale;
}

std::string time_label(int decade) {
  constexpr std::array<std::string_view, 4> units{"s", "ms", "µs", "ns"};
  const int unit = std::clamp((2 - decade) / 3, 0, 3);
  return fmt::format("{:g} {}", std::pow(10, decade + 3 * unit), units.at(static_cast<std::size_t>(unit)));
}

void put_axes(std::string& out, const Scale& scale) {
  const auto to = std::back_inserter(out);
  for (int decade = static_cast<int>(scale.low); decade <= static_cast<int>(scale.high); ++decade) {
    const double y = scale.y(std::pow(10, decade));
    fmt::format_to(to, R"(<path d="M{} {:.1f}h{}" stroke="#ddd"/>)", plot_left, y, plot_width);
    fmt::format_to(to, "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", plot_left - 8, y + 4,
                   time_label(decade));
  }
  constexpr std::array<std::pair<double, std::string_view>, 6> marks{
      {{0, "min"}, {0.30103, "50 %"}, {1.30103, "95 %"}, {2, "99 %"}, {3, "99.9 %"}, {4, "99.99 %"}}};
  for (const auto& [nines, label] : marks) {
    fmt::format_to(to, R"(<path d="M{:.1f} {}v{}" stroke="#ddd"/>)", scale.x(nines), plot_top, plot_height);
    fmt::format_to(to, "<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", scale.x(nines),
                   plot_top + plot_height + 18, label);
  }
}

void put_case(std::string& out, const Case& one, std::size_t index, const Scale& scale) {
  const auto to = std::back_inserter(out);
  const std::string_view color = colors.at(index % colors.size());
  const std::string_view dash = index < colors.size() ? "none" : "5 3";
  fmt::format_to(to, R"(<polyline fill="none" stroke="{}" stroke-width="2" stroke-dasharray="{}" points=")", color,
                 dash);
  for (int point = 0; point <= most_nines * points_per_nine; ++point) {
    const double nines = static_cast<double>(point) / points_per_nine;
    fmt::format_to(to, "{:.1f},{:.1f} ", scale.x(nines), scale.y(seconds_at(one, nines)));
  }
  const double y = plot_top + plot_height + 44 + legend_line * static_cast<double>(index);
  fmt::format_to(to, "\"/>\n<path d=\"M{} {}h24\" stroke=\"{}\" stroke-width=\"2\" stroke-dasharray=\"{}\"/>",
                 plot_left, y - 4, color, dash);
  fmt::format_to(to, "<text x=\"{}\" y=\"{}\">{}</text>\n", plot_left + 32, y, escaped(one.name()));
}

}  // namespace

std::string to_svg(const Report& report) {
  std::vector<const Case*> cases;
  for (const Case& one : report.cases) {
    if (one.latencies.count() > 0) cases.push_back(&one);
  }
  const double height = plot_top + plot_height + 50 + legend_line * static_cast<double>(cases.size());
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\" height=\"{}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" "
      "fill=\"#fff\"/>\n<text x=\"{}\" y=\"22\" font-size=\"14\">Latency by percentile: {}{}</text>\n",
      height, plot_left, escaped(report.target), report.interrupted ? " (interrupted)" : "");
  if (!cases.empty()) {
    const Scale scale = scale_of(cases);
    put_axes(out, scale);
    for (std::size_t index = 0; index < cases.size(); ++index) put_case(out, *cases[index], index, scale);
  }
  return out + "</svg>\n";
}

}  // namespace seekfs::bench
