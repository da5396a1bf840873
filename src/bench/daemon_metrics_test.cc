// Counters out of /metrics, and of a process.
#include "bench/daemon_metrics.h"

#include <gtest/gtest.h>

#include "bench/process_stat.h"
#include "env/process.h"

namespace seekfs::bench {
namespace {

TEST(DaemonMetrics, AddsGetsAndBytesOfData) {
  const auto counters = data_counters(
      "# HELP seekfs_origin_requests_total requests\n"
      "# TYPE seekfs_origin_requests_total counter\n"
      "seekfs_origin_requests_total{op=\"get\",outcome=\"ok\",purpose=\"demand\"} 10\n"
      "seekfs_origin_requests_total{op=\"get\",outcome=\"transient\",purpose=\"demand\"} 2\n"
      "seekfs_origin_requests_total{op=\"get\",outcome=\"ok\",purpose=\"prefetch\"} 300\n"
      "seekfs_origin_requests_total{purpose=\"hedge\",outcome=\"ok\",op=\"get\"} 4000\n"
      "seekfs_origin_requests_total{op=\"get\",outcome=\"ok\",purpose=\"manifest\"} 50000\n"
      "seekfs_origin_requests_total{op=\"head\",outcome=\"ok\",purpose=\"demand\"} 50000\n"
      "seekfs_origin_requests_total{stop=\"get\",outcome=\"ok\",purpose=\"demand\"} 50000\n"
      "seekfs_origin_bytes_total{purpose=\"demand\"} 1.5e6\n"
      "seekfs_origin_bytes_total{purpose=\"publish\"} 7\n"
      "seekfs_origin_bytes_total{purpose=\"prefetch\"} 5 1395066363000\n"
      "seekfs_origin_inflight 3");
  ASSERT_TRUE(counters);
  EXPECT_EQ(counters->origin_gets, 4312);
  EXPECT_EQ(counters->origin_bytes, 1500005);
  EXPECT_EQ(counters->origin_inflight, 3);
}

TEST(DaemonMetrics, AddsWhatADelayingProxyCounts) {
  const auto counters = data_counters(
      "delay_proxy_requests_total{op=\"get\"} 12\n"
      "delay_proxy_requests_total{op=\"head\"} 100\n"
      "delay_proxy_requests_total{op=\"list\"} 100\n"
      "delay_proxy_bytes_total{direction=\"to_store\"} 100\n"
      "delay_proxy_bytes_total{direction=\"to_client\"} 5000\n"
      "delay_proxy_connections_total 3\n");
  ASSERT_TRUE(counters);
  EXPECT_EQ(counters->origin_gets, 12);
  EXPECT_EQ(counters->origin_bytes, 5000);
}

TEST(DaemonMetrics, NothingCountedIsZero) {
  EXPECT_EQ(data_counters("").value().origin_gets, 0);
  EXPECT_EQ(data_counters("seekfs_origin_inflight 3\n\n").value().origin_bytes, 0);
}

TEST(DaemonMetrics, RefusesASampleWithoutANumber) {
  for (const char* text :
       {"seekfs_origin_bytes_total{purpose=\"demand\"} x", "seekfs_origin_bytes_total{purpose=\"demand\"} ",
        "seekfs_origin_bytes_total{purpose=\"demand\"} 1x", "seekfs_origin_inflight x"}) {
    const auto counters = data_counters(text);
    ASSERT_FALSE(counters) << text;
    EXPECT_EQ(counters.error().code, ErrorCode::corrupt);
  }
}

TEST(ProcessStatTest, SeesThisProcess) {
  const auto before = process_stat(static_cast<std::uint64_t>(env::process_id()), env::posix_file_system());
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_GT(before->peak_resident, MiB);
  // CPU time passes while this asks for it.
  for (;;) {
    const auto after = process_stat(static_cast<std::uint64_t>(env::process_id()), env::posix_file_system());
    ASSERT_TRUE(after);
    if (after->cpu_seconds > before->cpu_seconds) break;
  }
}

TEST(ProcessStatTest, NoSuchProcess) {
  for (const std::uint64_t pid : {0U, 4'194'304U, 0x3fffffffU, 0x20000001U}) {
    const auto stat = process_stat(pid, env::posix_file_system());
    ASSERT_FALSE(stat) << pid;
    EXPECT_EQ(stat.error().code, ErrorCode::not_found);
    EXPECT_TRUE(stat.error().message.contains("--pid"));
  }
}

TEST(ProcessStatTest, PeakOfAStatusText) {
  EXPECT_EQ(parse_peak_resident("Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n").value(), 1234 * KiB);
  for (const char* text :
       {"", "Name:\tVmHWM: 3 kB\n", "Name:\tx\nVmHWM:\t -1 kB\n", "Name:\tx\nVmHWM:\t 1 MB\n", "\nVmHWM:"}) {
    EXPECT_EQ(parse_peak_resident(text).error().code, ErrorCode::corrupt) << text;
  }
}

}  // namespace
}  // namespace seekfs::bench
