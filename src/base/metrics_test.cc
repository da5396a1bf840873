// Metrics: sums over threads, cumulative buckets, the text that Prometheus gets, and misuse.
#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace seekfs {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(Metrics, CountersAddUpOverThreads) {
  MetricsRegistry registry;
  Counter& counter = registry.counter("seekfs_x_total", "Things.");
  Histogram& histogram = registry.histogram("seekfs_y_seconds", "Times.");
  std::vector<std::thread> threads;
  for (int i = 0; i < 40; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 1000; ++round) {
        counter.add(2);
        histogram.observe(milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 80'000U);
  const Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.counts[3], 40'000U);
  EXPECT_NEAR(snapshot.sum_seconds, 40.0, 1e-6);
}

TEST(Metrics, HistogramBoundsAreInclusive) {
  Histogram histogram;
  histogram.observe(microseconds(100));
  histogram.observe(microseconds(101));
  histogram.observe(seconds(60));
  histogram.observe(seconds(61));
  histogram.observe(seconds(-1));
  const Histogram::Snapshot snapshot = histogram.snapshot();
  EXPECT_EQ(snapshot.counts[0], 2U);
  EXPECT_EQ(snapshot.counts[1], 1U);
  EXPECT_EQ(snapshot.counts[Histogram::bounds.size() - 1], 1U);
  EXPECT_EQ(snapshot.counts[Histogram::bounds.size()], 1U);
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameHandle) {
  MetricsRegistry registry;
  Gauge& first = registry.gauge("seekfs_g", "Help.", {{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(&first, &registry.gauge("seekfs_g", "Other help.", {{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(&first, &registry.gauge("seekfs_g", "Help.", {{"a", "1"}}));
}

TEST(Metrics, TextIsWhatPrometheusReads) {
  MetricsRegistry registry;
  registry.counter("seekfs_b_total", "Counts.", {{"op", "get\n\"x\\"}}).add(3);
  registry.gauge("seekfs_a", "Level.").set(-5);
  registry.gauge_function("seekfs_f", "Asked.", {{"k", "v"}}, [] { return 1.5; });
  registry.counter_function("seekfs_f_total", "Asked.", {}, [] { return 7.0; });
  EXPECT_EQ(to_prometheus_text(registry),
            "# HELP seekfs_a Level.\n# TYPE seekfs_a gauge\nseekfs_a -5\n"
            "# HELP seekfs_b_total Counts.\n# TYPE seekfs_b_total counter\n"
            "seekfs_b_total{op=\"get\\n\\\"x\\\\\"} 3\n"
            "# HELP seekfs_f Asked.\n# TYPE seekfs_f gauge\nseekfs_f{k=\"v\"} 1.5\n"
            "# HELP seekfs_f_total Asked.\n# TYPE seekfs_f_total counter\nseekfs_f_total 7\n");
}

TEST(Metrics, HistogramTextIsCumulative) {
  MetricsRegistry registry;
  Histogram& histogram = registry.histogram("seekfs_t_seconds", "Times.", {{"op", "get"}});
  histogram.observe(microseconds(50));
  histogram.observe(milliseconds(3));
  histogram.observe(seconds(100));
  const std::string text = to_prometheus_text(registry);
  EXPECT_THAT(text, HasSubstr("# TYPE seekfs_t_seconds histogram\n"));
  EXPECT_THAT(text, HasSubstr("seekfs_t_seconds_bucket{op=\"get\",le=\"0.0001\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seekfs_t_seconds_bucket{op=\"get\",le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seekfs_t_seconds_bucket{op=\"get\",le=\"0.005\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("seekfs_t_seconds_bucket{op=\"get\",le=\"60\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("seekfs_t_seconds_bucket{op=\"get\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("seekfs_t_seconds_count{op=\"get\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("seekfs_t_seconds_sum{op=\"get\"} 100.00305"));
}

TEST(Metrics, AFunctionMayAskTheRegistryItself) {
  MetricsRegistry registry;
  registry.gauge_function("seekfs_old", "Replaced.", {}, [] { return 1.0; });
  registry.gauge_function("seekfs_old", "Replaced.", {}, [] { return 2.0; });
  registry.gauge_function("seekfs_self", "Self.", {}, [&registry] {
    registry.counter("seekfs_seen_total", "Seen.").add();
    return 1.0;
  });
  EXPECT_THAT(to_prometheus_text(registry), HasSubstr("\nseekfs_old 2\n"));
  EXPECT_EQ(registry.counter("seekfs_seen_total", "Seen.").value(), 1U);
}

TEST(MetricsDeathTest, MisuseEndsTheProgramAndNamesTheMetric) {
  MetricsRegistry registry;
  registry.gauge("seekfs_g", "Help.");
  EXPECT_DEATH(registry.gauge("seekfs g", "x"), "metric 'seekfs g': a name is");
  EXPECT_DEATH(registry.gauge("", "x"), "metric ''");
  EXPECT_DEATH(registry.counter("seekfs_c", "x"), "_total");
  EXPECT_DEATH(registry.gauge("seekfs_c_total", "x"), "_total");
  EXPECT_DEATH(registry.histogram("seekfs_g", "x"), "another type");
  EXPECT_DEATH(registry.gauge("seekfs_h", "x", {{"1a", "v"}}), "'1a' is no label name");
  EXPECT_DEATH(registry.gauge("seekfs_h", "x", {{"__a", "v"}}), "no label name");
  EXPECT_DEATH(registry.gauge("seekfs_h", "x", {{"a", "v"}, {"a", "w"}}), "given twice");
  EXPECT_DEATH(registry.histogram("seekfs_h", "x", {{"le", "v"}}), "buckets");
  EXPECT_DEATH(registry.gauge_function("seekfs_g", "x", {}, [] { return 0.0; }), "belong to a handle");
}

}  // namespace
}  // namespace seekfs
