// Figures out of a repetition, and names of cases.
#include "bench/report.h"

#include <fmt/format.h>

namespace seekfs::bench {
namespace {

template <std::size_t index>
std::optional<double> latency_ms(const Figures& figures) {
  return figures.latency[index] * 1e3;
}

std::optional<double> per(std::optional<double> sum, double count) {
  if (!sum || count <= 0) return std::nullopt;
  return *sum / count;
}

double gibibytes(const Figures& figures) { return static_cast<double>(figures.bytes) / static_cast<double>(GiB); }

constexpr std::array all{
    Metric{"throughput", "MB/s", [](const Figures& f) { return per(static_cast<double>(f.bytes) / 1e6, f.seconds); }},
    Metric{"reads", "/s", [](const Figures& f) { return per(static_cast<double>(f.files), f.seconds); }},
    Metric{"p50", "ms", latency_ms<0>},
    Metric{"p95", "ms", latency_ms<1>},
    Metric{"p99", "ms", latency_ms<2>},
    Metric{"p99.9", "ms", latency_ms<3>},
    Metric{"max", "ms", [](const Figures& f) { return std::optional(f.latency_max * 1e3); }},
    Metric{"origin GETs", "/read", [](const Figures& f) { return per(f.origin_gets, static_cast<double>(f.files)); }},
    Metric{"origin bytes", "/byte", [](const Figures& f) { return per(f.origin_bytes, static_cast<double>(f.bytes)); }},
    Metric{"CPU", "s/GiB", [](const Figures& f) { return per(f.cpu_seconds, gibibytes(f)); }},
    Metric{"peak RSS", "MiB",
           [](const Figures& f) {
             return f.peak_resident ? std::optional(static_cast<double>(*f.peak_resident) / static_cast<double>(MiB))
                                    : std::nullopt;
           }},
    Metric{"client CPU", "s/GiB", [](const Figures& f) { return per(f.client_cpu_seconds, gibibytes(f)); }},
};

}  // namespace

std::span<const Metric> metrics() { return all; }

std::string Case::name() const {
  const std::string heat = epoch == 0 ? "cold" : epoch == 1 ? "warm" : fmt::format("warm {}", epoch);
  return fmt::format("{}, {} {}, {}", to_string(workload), workload.threads,
                     workload.threads == 1 ? "thread" : "threads", heat);
}

}  // namespace seekfs::bench
