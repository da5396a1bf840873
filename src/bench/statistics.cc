// Medians, spreads and Welch's interval.
#include "bench/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace seekfs::bench {
namespace {

struct Moments {
  double mean = 0;
  double variance_of_mean = 0;
  double degrees = 0;
};

Result<Moments> log_moments(const std::vector<double>& values) {
  if (values.size() < 2) {
    return fail(ErrorCode::invalid, "an interval needs at least 2 repetitions on each side; run with --repetitions 3");
  }
  Moments moments;
  for (const double value : values) {
    if (!(value > 0))
      return fail(ErrorCode::invalid, fmt::format("{} has no logarithm: figures must be above 0", value));
    moments.mean += std::log(value);
  }
  const auto count = static_cast<double>(values.size());
  moments.mean /= count;
  double squares = 0;
  for (const double value : values) squares += std::pow(std::log(value) - moments.mean, 2);
  moments.degrees = count - 1;
  moments.variance_of_mean = squares / moments.degrees / count;
  return moments;
}

}  // namespace

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {.median = median, .min = values.front(), .max = values.back()};
}

double student_t_975(double degrees) {
  constexpr std::array<double, 30> rows{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                        2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                        2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  // Degrees that are a whole number but for the last bits of their computation are that number.
  constexpr double rounding = 1e-9;
  if (degrees >= 1e6) return 1.960;
  if (degrees >= 120) return 1.980;
  if (degrees >= 60) return 2.000;
  if (degrees >= 40) return 2.021;
  const auto row = static_cast<std::size_t>(std::clamp(std::floor(degrees + rounding), 1.0, 30.0));
  return rows[row - 1];
}

Result<Ratio> ratio_of(const std::vector<double>& a, const std::vector<double>& b) {
  SEEKFS_ASSIGN(const Moments first, log_moments(a));
  SEEKFS_ASSIGN(const Moments second, log_moments(b));
  const double difference = second.mean - first.mean;
  const double variance = first.variance_of_mean + second.variance_of_mean;
  double margin = 0;
  if (variance > 0) {
    const double degrees =
        variance * variance /
        (std::pow(first.variance_of_mean, 2) / first.degrees + std::pow(second.variance_of_mean, 2) / second.degrees);
    margin = student_t_975(degrees) * std::sqrt(variance);
  }
  return Ratio{
      .ratio = std::exp(difference), .low = std::exp(difference - margin), .high = std::exp(difference + margin)};
}

}  // namespace seekfs::bench
