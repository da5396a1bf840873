// The registry of metric families, and how they are shown to Prometheus.
#include <fmt/format.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <map>
#include <variant>

#include "base/metrics.h"
#include "base/mutex.h"

namespace seekfs {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

using ValueFunction = std::shared_ptr<const std::function<double()>>;
/// One series' source of values. Handles never move and are never removed.
using Source =
    std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>, ValueFunction>;

struct Family {
  MetricType type;
  std::string help;
  std::map<Labels, Source> series;
};

[[noreturn]] void misuse(const std::string& name, std::string_view what) {
  fmt::print(stderr, "metric '{}': {}\n", name, what);
  std::abort();
}

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_identifier(std::string_view text) noexcept {
  return !text.empty() && is_letter(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

void check_name(const std::string& name, MetricType type) {
  if (!is_identifier(name)) misuse(name, "a name is letters, digits and underscores");
  if ((type == MetricType::Counter) != name.ends_with("_total")) misuse(name, "counters, and only they, end _total");
}

/// Sorted by name, so that the order in which labels are given makes no other series.
Labels checked_labels(const std::string& name, MetricType type, Labels labels) {
  std::ranges::sort(labels);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::string& label = labels[i].first;
    if (!is_identifier(label) || label.starts_with("__")) misuse(name, "'" + label + "' is no label name");
    if (type == MetricType::Histogram && label == "le") misuse(name, "'le' is the label of its buckets");
    if (i > 0 && labels[i - 1].first == label) misuse(name, "label '" + label + "' is given twice");
  }
  return labels;
}

ClientMetric::Histogram show(const Histogram& histogram) {
  const Histogram::Snapshot snapshot = histogram.snapshot();
  ClientMetric::Histogram shown;
  for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
    shown.sample_count += snapshot.counts[i];
    const double bound = i < Histogram::bounds.size() ? Histogram::bounds[i] : std::numeric_limits<double>::infinity();
    shown.bucket.push_back({shown.sample_count, bound});
  }
  shown.sample_sum = snapshot.sum_seconds;
  return shown;
}

void set_value(ClientMetric& metric, MetricType type, double value) {
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

/// A function whose value is asked for after the lock is released.
struct Pending {
  std::size_t family;
  std::size_t metric;
  ValueFunction value;
};

}  // namespace

struct MetricsRegistry::State {
  mutable Mutex mutex;
  std::map<std::string, Family> families SEEKFS_GUARDED_BY(mutex);

  Source& source(const std::string& name, std::string help, MetricType type, Labels labels) SEEKFS_REQUIRES(mutex) {
    check_name(name, type);
    labels = checked_labels(name, type, std::move(labels));
    const auto family = families.try_emplace(name, Family{type, std::move(help), {}}).first;
    if (family->second.type != type) misuse(name, "it is registered with another type");
    return family->second.series[std::move(labels)];
  }

  template <class Handle>
  Handle& handle(const std::string& name, std::string help, MetricType type, Labels labels) {
    MutexLock lock(mutex);
    Source& found = source(name, std::move(help), type, std::move(labels));
    if (found == Source{}) found = std::make_unique<Handle>();
    auto* held = std::get_if<std::unique_ptr<Handle>>(&found);
    if (held == nullptr) misuse(name, "these labels belong to a function");
    return **held;
  }

  void function(const std::string& name, std::string help, MetricType type, Labels labels,
                std::function<double()> value) {
    auto shared = std::make_shared<const std::function<double()>>(std::move(value));
    MutexLock lock(mutex);
    Source& found = source(name, std::move(help), type, std::move(labels));
    if (found != Source{} && !std::holds_alternative<ValueFunction>(found)) {
      misuse(name, "these labels belong to a handle");
    }
    found = std::move(shared);
  }
};

MetricsRegistry::MetricsRegistry() : state_(std::make_unique<State>()) {}
MetricsRegistry::~MetricsRegistry() = default;

Counter& MetricsRegistry::counter(std::string name, std::string help, Labels labels) {
  return state_->handle<Counter>(name, std::move(help), MetricType::Counter, std::move(labels));
}

Gauge& MetricsRegistry::gauge(std::string name, std::string help, Labels labels) {
  return state_->handle<Gauge>(name, std::move(help), MetricType::Gauge, std::move(labels));
}

Histogram& MetricsRegistry::histogram(std::string name, std::string help, Labels labels) {
  return state_->handle<Histogram>(name, std::move(help), MetricType::Histogram, std::move(labels));
}

void MetricsRegistry::gauge_function(std::string name, std::string help, Labels labels, std::function<double()> value) {
  state_->function(name, std::move(help), MetricType::Gauge, std::move(labels), std::move(value));
}

void MetricsRegistry::counter_function(std::string name, std::string help, Labels labels,
                                       std::function<double()> value) {
  state_->function(name, std::move(help), MetricType::Counter, std::move(labels), std::move(value));
}

std::vector<MetricFamily> MetricsRegistry::Collect() const {
  std::vector<MetricFamily> shown;
  std::vector<Pending> pending;
  {
    MutexLock lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      MetricFamily& out = shown.emplace_back(MetricFamily{name, family.help, family.type, {}});
      for (const auto& [labels, source] : family.series) {
        ClientMetric& metric = out.metric.emplace_back();
        for (const auto& [label, value] : labels) metric.label.push_back({label, value});
        if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&source)) {
          metric.counter.value = static_cast<double>((*counter)->value());
        } else if (const auto* gauge = std::get_if<std::unique_ptr<Gauge>>(&source)) {
          metric.gauge.value = static_cast<double>((*gauge)->value());
        } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&source)) {
          metric.histogram = show(**histogram);
        } else {
          pending.push_back({shown.size() - 1, out.metric.size() - 1, std::get<ValueFunction>(source)});
        }
      }
    }
  }
  for (const Pending& one : pending) {
    MetricFamily& family = shown[one.family];
    set_value(family.metric[one.metric], family.type, (*one.value)());
  }
  return shown;
}

std::string to_prometheus_text(const MetricsRegistry& registry) {
  return prometheus::TextSerializer().Serialize(registry.Collect());
}

}  // namespace seekfs
