// Reading a few metrics out of Prometheus' text format.
#include "bench/daemon_metrics.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace seekfs::bench {
namespace {

constexpr std::string_view inflight = "seekfs_origin_inflight";

struct Sample {
  std::string_view name;
  std::string_view labels;  ///< between the braces
  std::string_view value;
};

/// Label values of these metrics are words of closed sets: no escapes, no braces.
std::optional<Sample> sample_of(std::string_view line) {
  if (line.empty() || line.starts_with('#')) return std::nullopt;
  if (line.starts_with(inflight) && line.substr(inflight.size(), 1) == " ") {
    const std::string_view value = line.substr(inflight.size() + 1);
    return Sample{.name = inflight, .labels = {}, .value = value.substr(0, value.find(' '))};
  }
  const std::size_t open = line.find('{');
  const std::size_t close = line.find('}', open);
  if (open == std::string_view::npos || close == std::string_view::npos || line.substr(close + 1, 1) != " ") {
    return std::nullopt;
  }
  const std::string_view value = line.substr(close + 2);
  return Sample{.name = line.substr(0, open),
                .labels = line.substr(open + 1, close - open - 1),
                .value = value.substr(0, value.find(' '))};
}

bool has_label(const Sample& sample, std::string_view label) {
  const std::size_t at = sample.labels.find(label);
  return at != std::string_view::npos && (at == 0 || sample.labels[at - 1] == ',');
}

bool is_get(const Sample& sample) {
  return (sample.name == "seekfs_origin_requests_total" || sample.name == "delay_proxy_requests_total") &&
         has_label(sample, R"(op="get")");
}

bool is_bytes(const Sample& sample) {
  return sample.name == "seekfs_origin_bytes_total" ||
         (sample.name == "delay_proxy_bytes_total" && has_label(sample, R"(direction="to_client")"));
}

bool is_data(const Sample& sample) {
  if (sample.name.starts_with("delay_proxy_") || sample.name == inflight) return true;
  constexpr std::array<std::string_view, 3> purposes{R"(purpose="demand")", R"(purpose="prefetch")",
                                                     R"(purpose="hedge")"};
  return std::ranges::any_of(purposes, [&](std::string_view purpose) { return has_label(sample, purpose); });
}

}  // namespace

Result<TargetCounters> data_counters(std::string_view text) {
  TargetCounters counters;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto sample = sample_of(line);
    if (!sample || !is_data(*sample)) continue;
    double* counter = nullptr;
    if (is_get(*sample)) counter = &counters.origin_gets;
    if (is_bytes(*sample)) counter = &counters.origin_bytes;
    if (sample->name == inflight) counter = &counters.origin_inflight;
    if (counter == nullptr) continue;
    double number = 0;
    const auto [stop, error] = std::from_chars(sample->value.begin(), sample->value.end(), number);
    if (error != std::errc{} || stop != sample->value.end()) {
      return fail(ErrorCode::corrupt, fmt::format("/metrics: '{}' has no number", line));
    }
    *counter += number;
  }
  return counters;
}

}  // namespace seekfs::bench
