// Counters, gauges and histograms that many threads may touch without a shared lock or a shared cache line, collected
// for Prometheus. The registry is passed to whoever measures; there is no global one.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seekfs {

/// The slot of the calling thread in per-thread counters: threads are dealt over a few slots, each on its own line.
inline constexpr std::size_t metric_slots = 16;
std::size_t metric_slot() noexcept;

/// A number that only grows. Thread-safe; add() is one relaxed atomic addition on a line that few threads share.
class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept {
    slots_[metric_slot()].value.fetch_add(amount, std::memory_order_relaxed);
  }
  std::uint64_t value() const noexcept;

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Slot, metric_slots> slots_;
};

/// A number that goes up and down. Thread-safe.
class Gauge {
 public:
  void add(std::int64_t amount) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  void set(std::int64_t amount) noexcept { value_.store(amount, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// A distribution of durations, in seconds, over fixed buckets from 100 µs to 60 s. Thread-safe, without locks.
class Histogram {
 public:
  static constexpr std::array<double, 18> bounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                    0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30,    60};
  void observe(std::chrono::nanoseconds duration) noexcept;

  struct Snapshot {
    std::array<std::uint64_t, bounds.size() + 1> counts{};  ///< per bucket, not cumulative; the last is "above all"
    double sum_seconds = 0;
  };
  Snapshot snapshot() const noexcept;

 private:
  struct alignas(64) Slot {
    std::array<std::atomic<std::uint64_t>, bounds.size() + 1> counts{};
    std::atomic<std::uint64_t> sum_nanoseconds{0};
  };
  std::array<Slot, metric_slots> slots_;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

/// All metrics of one daemon. Handles live as long as the registry. Asking twice for the same name and labels gives the
/// same handle. A name has one type and one help text: the first one given. Names follow Prometheus' rules, and
/// counters end "_total": a wrong name, label or type is a fault of the program and ends it with a message that names
/// it. Thread-safe; look handles up once, at start.
class MetricsRegistry final : public prometheus::Collectable {
 public:
  MetricsRegistry();
  ~MetricsRegistry() override;

  Counter& counter(std::string name, std::string help, Labels labels = {});
  Gauge& gauge(std::string name, std::string help, Labels labels = {});
  Histogram& histogram(std::string name, std::string help, Labels labels = {});
  /// A gauge whose value is asked for at each scrape. The function is called from any thread, without a lock held, as
  /// long as the registry lives; given again for the same name and labels, the newest is asked.
  void gauge_function(std::string name, std::string help, Labels labels, std::function<double()> value);
  /// The same for a number that only grows.
  void counter_function(std::string name, std::string help, Labels labels, std::function<double()> value);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The registry's content in the Prometheus text format 0.0.4, by prometheus-cpp's serializer.
std::string to_prometheus_text(const MetricsRegistry& registry);

}  // namespace seekfs
