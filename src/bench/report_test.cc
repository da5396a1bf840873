// Reports in their three forms, and comparisons of two.
#include "bench/report.h"

#include <gtest/gtest.h>

#include "bench/compare.h"

namespace seekfs::bench {
namespace {

Figures figures(double seconds) {
  return {.seconds = seconds,
          .reads = 100,
          .files = 200,
          .bytes = 2 * GiB,
          .latency = {0.001, 0.002, 0.003, 0.004},
          .latency_max = 0.005,
          .client_cpu_seconds = 4,
          .origin_gets = 50,
          .origin_bytes = 4.0 * static_cast<double>(GiB),
          .cpu_seconds = 6,
          .peak_resident = 300 * MiB};
}

Report sample() {
  Report report{.settings = {.data = {.seed = 4, .shards = 2},
                             .seed = 11,
                             .seconds = 0.5,
                             .warm_seconds = 0.25,
                             .verify = "sparse"},
                .wanted_repetitions = 3,
                .target = "http://127.0.0.1:7070",
                .description = "seekfsd <1> & \"two\"",
                .command_line = "seekfs-bench run x",
                .version = "0.1.0",
                .started = "2026-01-02T03:04:05Z",
                .machine = {.cpu = "some CPU", .cores = "2", .memory = "4 GiB", .kernel = "Linux 6"},
                .not_dropped = {"the store", "the disk"}};
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    Case one{.workload = parse_workload("random:4KiB-64KiB").value(), .epoch = epoch};
    one.workload.threads = 16;
    one.workload.reads = 300;
    one.repetitions = {figures(1), figures(2), figures(4)};
    for (std::uint64_t value = 1; value <= 1000; ++value) one.latencies.record(value * 1000);
    report.cases.push_back(std::move(one));
  }
  return report;
}

double value_of(std::string_view name, const Figures& of) {
  for (const Metric& metric : metrics()) {
    if (metric.name == name) return metric.of(of).value_or(-1);
  }
  return -2;
}

TEST(Metrics, AreOfTheirUnits) {
  const Figures one = figures(2);
  EXPECT_DOUBLE_EQ(value_of("throughput", one), 2.0 * 1024 * 1024 * 1024 / 1e6 / 2);
  EXPECT_DOUBLE_EQ(value_of("reads", one), 100);
  EXPECT_DOUBLE_EQ(value_of("p50", one), 1);
  EXPECT_DOUBLE_EQ(value_of("p95", one), 2);
  EXPECT_DOUBLE_EQ(value_of("p99", one), 3);
  EXPECT_DOUBLE_EQ(value_of("p99.9", one), 4);
  EXPECT_DOUBLE_EQ(value_of("max", one), 5);
  EXPECT_DOUBLE_EQ(value_of("origin GETs", one), 0.25);
  EXPECT_DOUBLE_EQ(value_of("origin bytes", one), 2);
  EXPECT_DOUBLE_EQ(value_of("CPU", one), 3);
  EXPECT_DOUBLE_EQ(value_of("peak RSS", one), 300);
  EXPECT_DOUBLE_EQ(value_of("client CPU", one), 2);
}

TEST(Metrics, HaveNothingWhereNothingWasCounted) {
  for (const Metric& metric : metrics()) {
    const auto value = metric.of(Figures{});
    if (metric.unit != "ms") EXPECT_FALSE(value) << metric.name;
  }
}

TEST(Json, ThereAndBack) {
  Report report = sample();
  report.interrupted = true;
  report.cases[1].repetitions[1].origin_gets.reset();
  report.cases[1].repetitions[1].peak_resident.reset();
  const auto back = parse_report(to_json(report));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(report));
  EXPECT_EQ(back->settings, report.settings);
  EXPECT_TRUE(back->interrupted);
  EXPECT_EQ(back->not_dropped, report.not_dropped);
  EXPECT_EQ(back->machine.kernel, "Linux 6");
  ASSERT_EQ(back->cases.size(), 3U);
  EXPECT_EQ(back->cases[1].workload, report.cases[1].workload);
  EXPECT_EQ(back->cases[1].epoch, 1U);
  EXPECT_EQ(back->cases[1].repetitions, report.cases[1].repetitions);
}

TEST(Json, RefusesWhatIsNoReport) {
  const std::string good = to_json(sample());
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& text : {
           std::string(),
           std::string("{}"),
           std::string("[1]"),
           good.substr(0, good.size() / 2),
           with("report/1", "report/2"),
           with("\"seed\":11", "\"seed\":-1"),
           with("\"verify\":", "\"verified\":"),
           with("\"interrupted\":false", "\"interrupted\":0"),
           with("random:4KiB-64KiB", "random:x"),
           with("\"threads\":16", "\"threads\":\"16\""),
           with("\"repetitions\":[{", "\"repetitions\":[1,{"),
           with("\"p95_seconds\":", "\"p96_seconds\":"),
           with("\"origin_gets\":5E1", "\"origin_gets\":true"),
           with("\"cases\":[", "\"cases\":[1,"),
           with("\"not_dropped\":[", "\"not_dropped\":[1,"),
           with("seekfs-bench-data/1", "seekfs-bench-data/9"),
       }) {
    const auto report = parse_report(text);
    ASSERT_FALSE(report) << text;
    EXPECT_EQ(report.error().code, ErrorCode::invalid);
  }
}

TEST(Markdown, ShowsMedianAndSpreadOfEveryCase) {
  const std::string text = to_markdown(sample());
  for (const std::string_view part :
       {"| random:4KiB-64KiB, 16 threads, cold | 1074 (537–2147) | 100 (50–200) | 1 (1–1) |",
        "| random:4KiB-64KiB, 16 threads, warm |", "16 threads, warm 2 |", "some CPU, 2 cores", "Linux 6",
        "`seekfs-bench run x`", "the store; the disk", "seekfs-bench 0.1.0", "of 3 repetitions.", "(sparse)",
        "| case | origin GETs/read | origin bytes/byte | CPU s/GiB | peak RSS MiB | client CPU s/GiB |"}) {
    EXPECT_TRUE(text.contains(part)) << part << "\n" << text;
  }
  EXPECT_FALSE(text.contains("interrupted"));
}

TEST(Markdown, SaysWhatIsMissing) {
  Report report = sample();
  report.interrupted = true;
  report.cases[2].repetitions.pop_back();
  for (Case& one : report.cases) {
    for (Figures& of : one.repetitions) of.origin_gets.reset();
  }
  const std::string text = to_markdown(report);
  EXPECT_TRUE(text.contains("**This run was interrupted.**")) << text;
  EXPECT_TRUE(text.contains("some cases have only 2")) << text;
  EXPECT_FALSE(text.contains("origin GETs/read")) << text;
}

TEST(Svg, HasALineForEachCaseThatReadAnything) {
  Report report = sample();
  report.cases[2].latencies = {};
  report.target = "dir:/a<b&c";
  const std::string text = to_svg(report);
  EXPECT_TRUE(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
  std::size_t lines = 0;
  for (std::size_t at = text.find("<polyline"); at != std::string::npos; at = text.find("<polyline", at + 1)) ++lines;
  EXPECT_EQ(lines, 2U);
  EXPECT_TRUE(text.contains("dir:/a&lt;b&amp;c"));
  EXPECT_TRUE(text.contains(">1 µs<") && text.contains(">1 ms<")) << text;
  EXPECT_FALSE(text.contains("nan") || text.contains("inf")) << text;
}

TEST(Svg, NothingReadIsAnEmptyPlot) {
  Report report = sample();
  report.cases.clear();
  EXPECT_FALSE(to_svg(report).contains("<polyline"));
}

TEST(Compare, GivesRatiosWithIntervals) {
  const Report a = sample();
  Report b = sample();
  for (Figures& of : b.cases[0].repetitions) {
    of.seconds /= 2;
    of.cpu_seconds.reset();
  }
  const auto text = compare(a, b);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_TRUE(text->contains("## random:4KiB-64KiB, 16 threads, cold")) << *text;
  // Twice the throughput; logarithms ln 2 apart, the variance of each mean ln² 2 / 3, 4 degrees of freedom.
  EXPECT_TRUE(text->contains("| throughput MB/s | 1074 | 2147 | 2.000 | 0.416–9.624 |")) << *text;
  EXPECT_TRUE(text->contains("| p50 ms | 1 | 1 | 1.000 | 1.000–1.000 |")) << *text;
  EXPECT_TRUE(text->contains("| CPU s/GiB | 3 | – | – | – |")) << *text;
}

TEST(Compare, RefusesRunsOfSomethingElse) {
  const auto expect_refusal = [](auto change, std::string_view what) {
    Report other = sample();
    change(other);
    for (const auto& result : {compare(sample(), other), compare(other, sample())}) {
      ASSERT_FALSE(result) << what;
      EXPECT_EQ(result.error().code, ErrorCode::conflict);
      EXPECT_TRUE(result.error().message.contains(what)) << result.error().message;
    }
  };
  expect_refusal([](Report& r) { r.settings.seed = 12; }, "seeds");
  expect_refusal([](Report& r) { r.settings.data.seed = 5; }, "data sets");
  expect_refusal([](Report& r) { r.settings.data.small_max -= 1; }, "data sets");
  expect_refusal([](Report& r) { r.settings.seconds = 2; }, "--seconds");
  expect_refusal([](Report& r) { r.settings.warm_seconds = 2; }, "--warm-seconds");
  expect_refusal([](Report& r) { r.settings.epochs = 1; }, "--epochs");
  expect_refusal([](Report& r) { r.settings.verify = "full"; }, "--verify");
  expect_refusal([](Report& r) { r.interrupted = true; }, "interrupted");
  expect_refusal([](Report& r) { r.cases.pop_back(); }, "workloads");
  expect_refusal([](Report& r) { r.cases[1].workload.threads = 8; }, "8 threads");
  expect_refusal([](Report& r) { r.cases[1].workload.reads = 8; }, "workloads");
  expect_refusal([](Report& r) { r.cases[1].workload.max_size = MiB; }, "1MiB");
  expect_refusal([](Report& r) { std::swap(r.cases[1], r.cases[2]); }, "warm 2");
}

}  // namespace
}  // namespace seekfs::bench
