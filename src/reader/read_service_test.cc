// Reads on a whole node in memory: right bytes, one GET for many readers, clean errors, nothing left behind.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using std::chrono::seconds;

constexpr std::uint64_t file_size = 1'000'003;
constexpr std::uint32_t page_size = 64U << 10U;

TEST(ReadService, GeneratedReadsAgreeWithTheOracle) {
  TestNodeOptions options;
  options.l1_bytes = 6 * page_size;  // far less than the data: every tier is used
  options.l2_bytes = 400'000;
  TestNode node(options);
  const std::vector<manifest::OracleFile> files = {{"empty", 0, page_size},
                                                   {"one", 1, page_size},
                                                   {"page", page_size, page_size},
                                                   {"page+1", page_size + 1, page_size},
                                                   {"dir/large", file_size, page_size},
                                                   {"ünï/cödé %41", 300'000, page_size}};
  node.publish("demo", 1, files);
  std::mt19937_64 random(11);
  for (int round = 0; round < 600; ++round) {
    const auto& file = files[random() % files.size()];
    std::uint64_t off = file.size == 0 ? 0 : random() % file.size;
    if (random() % 3 == 0) off = std::min<std::uint64_t>(file.size, (off / page_size) * page_size);
    std::uint64_t len = random() % (file.size - off + 1);
    if (random() % 4 == 0) len = std::min<std::uint64_t>(len, 1 + random() % 3);
    const auto bytes = node.read("demo", file.path, off, len);
    ASSERT_TRUE(bytes) << bytes.error().message;
    ASSERT_TRUE(*bytes == oracle(file.path, 1, off, len)) << file.path << " " << off << " " << len;
  }
  expect_idle(node);
}

TEST(ReadService, AHitNeedsNoWaitAndNoGet) {
  TestNode node;
  node.publish("demo", 1, {{"f", file_size, page_size}});
  ASSERT_TRUE(node.read("demo", "f", 0, file_size));
  const std::size_t gets = node.gets("/objects/");
  const auto file = node.service->try_open("demo", "f", std::nullopt);
  ASSERT_TRUE(file && *file);
  std::array<PageSlice, 32> slices;
  const std::size_t count = node.service->try_read(**file, 10, file_size - 20, slices);
  ASSERT_EQ(count, (file_size + page_size - 1) / page_size);
  std::string bytes;
  for (std::size_t i = 0; i < count; ++i) {
    bytes.append(reinterpret_cast<const char*>(slices[i].bytes().data()), slices[i].length);
  }
  EXPECT_TRUE(bytes == oracle("f", 1, 10, file_size - 20));
  EXPECT_EQ(node.service->try_read(**file, 0, file_size, std::span(slices).first(3)), 0U);
  EXPECT_EQ(node.service->try_read(**file, 0, 0, slices), 0U);
  EXPECT_EQ(node.gets("/objects/"), gets);
}

TEST(ReadService, ARangeOfWhichOnePageIsMissingIsNoHit) {
  TestNode node;
  node.publish("demo", 1, {{"f", 3 * page_size, page_size}});
  ASSERT_TRUE(node.read("demo", "f", 0, page_size));
  ASSERT_TRUE(node.read("demo", "f", 2 * page_size, page_size));
  const FileRef file = node.open("demo", "f").value();
  std::array<PageSlice, 4> slices;
  EXPECT_EQ(node.service->try_read(file, 0, 3 * page_size, slices), 0U);
  EXPECT_EQ(node.service->try_read(file, 0, page_size + 1, slices), 0U);
  EXPECT_EQ(node.service->try_read(file, page_size - 1, 1, slices), 1U);
}

TEST(ReadService, ARangeThatIsNoHitHoldsNoPage) {
  TestNode node;
  node.publish("demo", 1, {{"f", 2 * page_size, page_size}});
  ASSERT_TRUE(node.read("demo", "f", 0, page_size));
  const FileRef file = node.open("demo", "f").value();
  std::array<PageSlice, 4> slices;
  EXPECT_EQ(node.service->try_read(file, 0, 2 * page_size, slices), 0U);
  expect_idle(node);
}

TEST(ReadService, CountsBytesByTheTierThatTheyCameFrom) {
  TestNodeOptions options;
  options.l2_bytes = 1U << 20U;
  TestNode node(options);
  node.publish("demo", 1, {{"f", 2 * page_size, page_size}});
  const auto served = [&](const char* source) {
    return node.metrics.counter(ReadMetrics::served_bytes, "", {{"source", source}}).value();
  };
  ASSERT_TRUE(node.read("demo", "f", 10, page_size));
  EXPECT_EQ(served("origin"), page_size);
  ASSERT_TRUE(node.read("demo", "f", 0, 7));
  EXPECT_EQ(served("l1"), 7U);
  while (node.l2->stats().pages < 2) std::this_thread::yield();
  node.l1.shrink(std::uint64_t{1} << 40U);
  ASSERT_TRUE(node.read("demo", "f", 1, 3));
  EXPECT_EQ(served("l2"), 3U);
  EXPECT_EQ(served("origin"), page_size);
  const auto requests = [&](const char* result) {
    return node.metrics.counter(fetch::FetchMetrics::cache_requests, "", {{"tier", "l1"}, {"result", result}}).value();
  };
  EXPECT_EQ(requests("hit"), 1U);
  EXPECT_EQ(requests("miss"), 3U);
}

TEST(ReadService, AWholeFileIsOneGetUpToTheCap) {
  TestNodeOptions options;
  options.fetcher.planner.coalesce_max_bytes = 8 * page_size;
  TestNode node(options);
  node.publish("demo", 1, {{"f", 16 * page_size, page_size}});
  ASSERT_TRUE(node.read("demo", "f", 0, 16 * page_size));
  EXPECT_EQ(node.gets("/objects/"), 2U);
}

TEST(ReadService, AThousandReadersOfAColdPageCostOneGet) {
  TestNode node;
  node.publish("demo", 1, {{"f", page_size, page_size}});
  ASSERT_TRUE(node.open("demo", "f"));
  constexpr std::uint64_t readers = 1000;
  Counter& joined = node.metrics.counter("seekfs_singleflight_joined_total", "");
  // The GET is held back until every reader has asked.
  node.set_faults(on_data([&] {
    return StoreFault{.before = [&] {
      while (joined.value() < readers - 1) std::this_thread::yield();
    }};
  }));
  std::vector<async::Promise<std::string>> replies(readers);
  for (auto& reply : replies) {
    auto task = [](TestNode& of, async::Promise<std::string> out) -> boost::asio::awaitable<void, async::Executor> {
      out.set(co_await of.read_task("demo", "f", 0, page_size));
    };
    async::spawn(node.front.executor(), task(node, reply));
  }
  for (auto& reply : replies) {
    const auto bytes = async::sync_wait(reply.wait());
    ASSERT_TRUE(bytes) << bytes.error().message;
    ASSERT_TRUE(*bytes == oracle("f", 1, 0, page_size));
  }
  EXPECT_EQ(node.gets("/objects/"), 1U);
  expect_idle(node);
}

TEST(ReadService, ADamagedPageIsFetchedOnceMoreThenRefusedAndRightAgainOnceRepaired) {
  TestNode node;
  const auto published = node.publish("demo", 1, {{"f", 4 * page_size, page_size}});
  std::atomic<int> gets{0};
  node.set_faults(on_data([&] {
    ++gets;
    return StoreFault{.flip_byte_at = 17};
  }));
  const auto bytes = node.read("demo", "f", 0, page_size);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::origin_corrupt);
  EXPECT_NE(bytes.error().message.find("demo/f: page 0"), std::string::npos) << bytes.error().message;
  EXPECT_EQ(gets, 2);
  EXPECT_EQ(node.l1.stats().pages, 0U);
  node.set_faults(nullptr);
  EXPECT_TRUE(node.read("demo", "f", 0, page_size).value() == oracle("f", 1, 0, page_size));
  expect_idle(node);
}

TEST(ReadService, APageThatIsWrongOnceIsServedFromTheSecondRequest) {
  TestNode node;
  node.publish("demo", 1, {{"f", 4 * page_size, page_size}});
  std::atomic<int> gets{0};
  node.set_faults(on_data([&] { return gets++ == 0 ? StoreFault{.flip_byte_at = 2 * page_size + 5} : StoreFault{}; }));
  EXPECT_TRUE(node.read("demo", "f", 0, 4 * page_size).value() == oracle("f", 1, 0, 4 * page_size));
  EXPECT_EQ(gets, 2);
}

TEST(ReadService, AChangedObjectIsNamedAndRememberedForAWhile) {
  TestNode node;
  const auto published = node.publish("demo", 1, {{"f", page_size, page_size}});
  ASSERT_TRUE(node.open("demo", "f"));
  node.put(published.files[0].storage.key, "something else");
  const auto bytes = node.read("demo", "f", 0, page_size);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::source_changed);
  EXPECT_NE(bytes.error().message.find(*published.files[0].storage.etag), std::string::npos) << bytes.error().message;
  const std::size_t gets = node.gets("/objects/");
  EXPECT_EQ(node.read("demo", "f", 0, page_size).error().code, ErrorCode::source_changed);
  EXPECT_EQ(node.gets("/objects/"), gets);
  node.clock.advance(seconds(31));
  EXPECT_EQ(node.read("demo", "f", 0, page_size).error().code, ErrorCode::source_changed);
  EXPECT_EQ(node.gets("/objects/"), gets + 1);
  node.remove(published.files[0].storage.key);
  node.clock.advance(seconds(31));
  const auto gone = node.read("demo", "f", 0, page_size);
  EXPECT_EQ(gone.error().code, ErrorCode::source_changed);
  EXPECT_NE(gone.error().message.find("no such object"), std::string::npos) << gone.error().message;
  expect_idle(node);
}

TEST(ReadService, CachedPagesGoOnWhileTheStoreIsAwayAndTheOthersComeBack) {
  TestNode node;
  node.publish("demo", 1, {{"cached", page_size, page_size}, {"other", page_size, page_size}});
  ASSERT_TRUE(node.read("demo", "cached", 0, page_size));
  node.set_faults([](StoreOp, const std::string&) {
    return StoreFault{.fail_before = Error(ErrorCode::transient, "the store is away")};
  });
  node.clock.advance(seconds(15));
  EXPECT_TRUE(node.read("demo", "cached", 0, page_size));
  EXPECT_EQ(node.read("demo", "other", 0, page_size).error().code, ErrorCode::origin_unavailable);
  node.set_faults(nullptr);
  EXPECT_TRUE(node.read("demo", "other", 0, page_size).value() == oracle("other", 1, 0, page_size));
  expect_idle(node);
}

TEST(ReadService, EveryStoreErrorBecomesOneOfTheReaders) {
  const std::vector<std::pair<ErrorCode, ErrorCode>> table = {{ErrorCode::denied, ErrorCode::origin_denied},
                                                              {ErrorCode::throttled, ErrorCode::throttled},
                                                              {ErrorCode::transient, ErrorCode::origin_unavailable},
                                                              {ErrorCode::corrupt, ErrorCode::origin_corrupt},
                                                              {ErrorCode::timeout, ErrorCode::timeout},
                                                              {ErrorCode::exhausted, ErrorCode::exhausted},
                                                              // HEAD finds the object as it was published.
                                                              {ErrorCode::not_found, ErrorCode::origin_unavailable}};
  for (const auto& [from_store, to_reader] : table) {
    TestNode node;
    node.publish("demo", 1, {{"f", page_size, page_size}});
    Error error(from_store, "told to");
    error.retry_after = seconds(7);
    node.set_faults(on_data([&] { return StoreFault{.fail_before = error}; }));
    const auto bytes = node.read("demo", "f", 0, 10);
    EXPECT_EQ(bytes.error().code, to_reader) << to_string(from_store);
    EXPECT_EQ(bytes.error().retry_after, seconds(7)) << to_string(from_store);
    expect_idle(node);
  }
}

TEST(ReadService, ABodyThatEndsEarlyFailsOnlyThePagesThatDidNotCome) {
  TestNode node;
  node.publish("demo", 1, {{"f", 4 * page_size, page_size}});
  node.set_faults(on_data([] { return StoreFault{.cut_body_at = 2 * page_size + 100}; }));
  EXPECT_EQ(node.read("demo", "f", 0, 4 * page_size).error().code, ErrorCode::origin_unavailable);
  EXPECT_TRUE(node.read("demo", "f", 0, 2 * page_size).value() == oracle("f", 1, 0, 2 * page_size));
  EXPECT_EQ(node.gets("/objects/"), 1U);
  expect_idle(node);
}

TEST(ReadService, RefusesBadNamesAndAbsentFiles) {
  TestNode node;
  node.publish("demo", 1, {{"f", 10, page_size}});
  EXPECT_EQ(node.open("Demo", "f").error().code, ErrorCode::bad_request);
  EXPECT_EQ(node.open("demo", "../f").error().code, ErrorCode::invalid_path);
  EXPECT_EQ(node.open("demo", "g").error().code, ErrorCode::not_found);
  EXPECT_EQ(node.open("other", "f").error().code, ErrorCode::no_such_namespace);
  EXPECT_EQ(node.open("demo", "f", 9).error().code, ErrorCode::no_such_version);
  EXPECT_EQ(node.open("other", "f", 9).error().code, ErrorCode::no_such_namespace);
}

}  // namespace
}  // namespace seekfs::reader
