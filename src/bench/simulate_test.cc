// The virtual network, traces, and what a simulation says of the planner.
#include "bench/simulate.h"

#include <gtest/gtest.h>

namespace seekfs::bench {
namespace {

constexpr NetworkModel plain_network{
    .latency = 0.020, .jitter = 0, .bandwidth = 100e6, .rate_per_connection = 80e6, .socket_buffer = 1e6};

TEST(SimulatedNetwork, ConnectionsShareTheBandwidthWithinTheirOwnRate) {
  SimulatedNetwork network(plain_network, 1);
  const auto first = network.send(20'000'000);
  network.expect(first, 8'000'000);
  EXPECT_EQ(network.next({}), first);
  EXPECT_NEAR(network.now(), 0.120, 1e-4) << "20 ms, then 8 MB at the rate of a connection";
  const auto second = network.send(5'000'000);
  network.expect(second, 5'000'000);
  network.expect(first, 14'600'000);
  const auto next = network.next({});
  EXPECT_NEAR(network.now(), 0.240, 1e-4) << "the first byte of the second, then half of the bandwidth each";
  network.close(*next);
  EXPECT_EQ(network.next({}), *next == first ? second : first);
  EXPECT_NEAR(static_cast<double>(network.received_bytes()), 19.6e6, 1e4);
}

TEST(SimulatedNetwork, APausedConnectionFillsItsBufferAndNoMore) {
  SimulatedNetwork network(plain_network, 1);
  const auto id = network.send(3'500'000);
  network.expect(id, 1'000'000);
  EXPECT_EQ(network.next({}), id);
  network.pause(id);
  network.expect(id, 3'000'000);
  EXPECT_EQ(network.next(10.0), std::nullopt);
  EXPECT_EQ(network.now(), 10.0);
  EXPECT_NEAR(static_cast<double>(network.received_bytes()), 2e6, 10);
  network.resume(id);
  EXPECT_EQ(network.next({}), id);
  EXPECT_NEAR(network.now(), 10.0 + 1e6 / 80e6, 1e-4) << "half of it was in the buffer";
}

TEST(SimulatedTrace, IsReadFromCsv) {
  const auto trace = parse_trace("thread,time_ms,path,off,len\n# a remark\n#size,b,5000\na,0,b,0,10\nc,20,d,5,7\r\n");
  ASSERT_TRUE(trace) << trace.error().message;
  ASSERT_EQ(trace->threads.size(), 2U);
  EXPECT_EQ(trace->file_sizes, (std::vector<std::uint64_t>{5000, 12}));
  EXPECT_EQ(trace->threads[1][0].off, 5U);
  EXPECT_DOUBLE_EQ(trace->threads[1][0].not_before, 0.02);
  for (const char* wrong : {"a,0,b,0,0\n", "a,0,b,0\n", "a,-1,b,0,1\n", "", "#size,b,x\na,0,b,0,1\n"}) {
    EXPECT_EQ(parse_trace(wrong).error().code, ErrorCode::invalid) << wrong;
  }
  EXPECT_NE(parse_trace("a,0,b,0,1\nx\n").error().message.find("line 2"), std::string::npos);
}

/// 300 reads of 64 KiB over four shards by 16 readers: what the rivals were measured with.
Trace random_reads() {
  const DataSet data{.shards = 4, .shard_size = 128 * MiB};
  auto workload = parse_workload("random:64KiB").value();
  workload.threads = 16;
  workload.reads = 300;
  return make_trace(workload, data, 1).value();
}

TEST(Simulation, PoliciesLieOnACurveFromShortWaitsToFewGets) {
  const Trace trace = random_reads();
  const SimulationOptions options;
  const auto outcomes = simulate_all(trace, options);
  const SimulationOutcome& latency = outcomes.at(0);
  const SimulationOutcome& balanced = outcomes.at(1);
  const SimulationOutcome& fewest = outcomes.at(2);
  const SimulationOutcome& plain = outcomes.at(3);
  const SimulationOutcome& windows = outcomes.at(4);
  for (const SimulationOutcome& one : outcomes) EXPECT_EQ(one.reads, 300U) << one.name;
  EXPECT_EQ(plain.gets, 300U);
  EXPECT_LE(windows.gets, 64U);
  EXPECT_LE(latency.p95_ms(), balanced.p95_ms());
  EXPECT_LE(balanced.p95_ms(), fewest.p95_ms());
  EXPECT_GT(latency.gets, balanced.gets);
  EXPECT_GT(balanced.gets, fewest.gets);
}

TEST(Simulation, IsTheSameEachTime) {
  const Trace trace = random_reads();
  const auto first = simulate_all(trace, {});
  const auto second = simulate_all(trace, {});
  EXPECT_EQ(to_text(first), to_text(second));
  EXPECT_NE(to_svg(first).find("fewest-gets"), std::string::npos);
}

TEST(Simulation, AFileThatIsReadOnceThroughIsReceivedOnce) {
  const DataSet data{.shards = 2, .shard_size = 16 * MiB};
  auto workload = parse_workload("sequential:1MiB").value();
  workload.threads = 2;
  const auto outcomes = simulate_all(make_trace(workload, data, 1).value(), {});
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(static_cast<double>(outcomes[i].received_bytes), 32.0 * MiB, 16);
}

}  // namespace
}  // namespace seekfs::bench
