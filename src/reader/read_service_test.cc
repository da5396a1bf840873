// Reads on a whole node in memory: right bytes, one GET for many readers, clean errors, nothing left behind.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "reader/page_reader.h"
#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using objectstore::StoreFault;
using objectstore::StoreOp;
using std::chrono::seconds;

constexpr std::uint64_t file_size = 1'000'003;
constexpr std::uint32_t page_size = 64U << 10U;

std::string oracle(const std::string& path, std::uint64_t version, std::uint64_t off, std::uint64_t len) {
  std::string bytes(len, '\0');
  manifest::oracle_bytes("demo", path, version, off, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

/// A fault for GETs of data objects only.
objectstore::StoreFaultPlan on_data(std::function<StoreFault()> fault) {
  return [fault = std::move(fault)](StoreOp op, const std::string& key) {
    return op == StoreOp::get && key.find("/objects/") != std::string::npos ? fault() : StoreFault{};
  };
}

/// A GET gives its permit back a moment after its last page has reached the readers.
void expect_idle(TestNode& node) {
  while (node.gate.in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(node.fetcher.in_flight(), 0U);
  EXPECT_EQ(node.gate.in_flight(), 0U);
  node.l1.shrink(std::uint64_t{1} << 40U);
  EXPECT_EQ(node.memory.used(cache::MemoryUse::pages), 0U);
}

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
                                                              {ErrorCode::not_found, ErrorCode::source_changed}};
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

TEST(ReadService, SeveralItemsComeInOrderAndOneBadItemSpoilsOnlyItself) {
  TestNode node;
  const auto published = node.publish("demo", 1, {{"a", 3 * page_size, page_size}, {"b", page_size, page_size}});
  const FileRef a = node.open("demo", "a").value();
  const FileRef b = node.open("demo", "b").value();
  for (const auto& file : published.files) {
    if (file.path == "b") node.remove(file.storage.key);
  }
  auto task = [&]() -> async::Task<std::string> {
    const auto stream = node.service->read({{a, 5, 2 * page_size}, {b, 0, 10}, {a, 0, 0}, {a, 7, 3}});
    std::string log;
    for (;;) {
      auto piece = co_await stream->next();
      if (!piece) {
        log += "!" + std::to_string(stream->failed_item());
        stream->skip_item();
        continue;
      }
      if (!piece->slice.page) co_return log;
      log += std::to_string(piece->item) + ":" + std::to_string(piece->slice.length) + " ";
    }
  };
  EXPECT_EQ(node.run(task()).value(), "0:65531 0:65536 0:5 !13:3 ");
  expect_idle(node);
}

TEST(ReadService, ABadItemLargerThanTheWindowIsSkippedAsAWhole) {
  TestNodeOptions options;
  options.stream.window_pages = 2;
  TestNode node(options);
  node.publish("demo", 1, {{"a", page_size, page_size}, {"b", 6 * page_size, page_size}});
  const FileRef a = node.open("demo", "a").value();
  const FileRef b = node.open("demo", "b").value();
  node.remove(b.manifest().storage(b.index()).key);
  auto task = [&]() -> async::Task<std::string> {
    const auto stream = node.service->read({{b, 0, 6 * page_size}, {a, 0, 3}});
    if (co_await stream->next()) co_return "no error";
    stream->skip_item();
    const auto piece = co_await stream->next();
    if (!piece) co_return "the error again";
    co_return std::to_string(piece->item) + ":" + std::to_string(piece->slice.length);
  };
  EXPECT_EQ(node.run(task()).value(), "1:3");
  expect_idle(node);
}

TEST(ReadService, AStreamThatIsGivenUpWithdrawsWhatWasNotSent) {
  TestNodeOptions options;
  options.gate.max_in_flight = 1;
  TestNode node(options);
  node.publish("demo", 1, {{"a", page_size, page_size}, {"b", page_size, page_size}});
  ASSERT_TRUE(node.open("demo", "a"));
  std::optional<objectstore::OriginGate::Permit> held;
  node.gate.acquire(objectstore::Purpose::demand,
                    [&](Result<objectstore::OriginGate::Permit> permit) { held = std::move(*permit); });
  // The reader's wait ends on virtual time while the gate is shut; nobody is left who wants the page.
  async::Promise<std::string> reply;
  auto waiting = [](TestNode& of, async::Promise<std::string> out) -> boost::asio::awaitable<void, async::Executor> {
    out.set(co_await of.read_task("demo", "a", 0, 10));
  };
  async::spawn(node.front.executor(), waiting(node, reply));
  while (node.fetcher.in_flight() == 0) std::this_thread::yield();
  while (node.timers.pending() == 0) std::this_thread::yield();
  node.clock.advance(seconds(61));
  EXPECT_EQ(async::sync_wait(reply.wait()).error().code, ErrorCode::timeout);
  held.reset();
  EXPECT_TRUE(node.read("demo", "b", 0, 10));
  EXPECT_EQ(node.gets("/objects/"), 1U);
  expect_idle(node);
}

TEST(ReadService, ReadsManyTimesTheMemoryThatThereIs) {
  TestNodeOptions options;
  options.memory_bytes = 16 * page_size;  // the file has 16 pages, and there are 20 readers of all of it
  options.l1_bytes = 3 * page_size;
  TestNode node(options);
  node.publish("demo", 1, {{"f", file_size, page_size}});
  std::vector<async::Promise<std::string>> replies(20);
  for (auto& reply : replies) {
    auto task = [](TestNode& of, async::Promise<std::string> out) -> boost::asio::awaitable<void, async::Executor> {
      out.set(co_await of.read_task("demo", "f", 0, file_size));
    };
    async::spawn(node.front.executor(), task(node, reply));
  }
  for (auto& reply : replies) {
    const auto bytes = async::sync_wait(reply.wait());
    ASSERT_TRUE(bytes) << bytes.error().message;
    EXPECT_TRUE(*bytes == oracle("f", 1, 0, file_size));
  }
  expect_idle(node);
}

TEST(ReadService, MemoryThatWasWaitedForIsNotUsedForAPageOfAnotherLength) {
  TestNodeOptions options;
  options.memory_bytes = 16 * page_size;
  TestNode node(options);
  node.publish("demo", 1, {{"f", page_size + 100, page_size}});
  const FileRef file = node.open("demo", "f").value();
  const std::uint64_t taken = node.memory.total() - node.memory.used();
  ASSERT_TRUE(node.memory.try_reserve(cache::MemoryUse::replies, taken));
  async::Promise<std::string> reply;
  auto reader = [](TestNode& of, async::Promise<std::string> out) -> boost::asio::awaitable<void, async::Executor> {
    out.set(co_await of.read_task("demo", "f", 0, page_size + 100));
  };
  async::spawn(node.front.executor(), reader(node, reply));
  while (node.memory.waiting() == 0) std::this_thread::yield();
  // Between the grant of memory for the first page and the reader's next step another one brings that page: only the
  // second is missing.
  std::atomic<bool> stopped{false};
  std::atomic<bool> go_on{false};
  node.front.post([&] {
    stopped = true;
    while (!go_on) std::this_thread::yield();
  });
  while (!stopped) std::this_thread::yield();
  node.memory.release(cache::MemoryUse::replies, taken);
  const std::string first = oracle("f", 1, 0, page_size);
  MutablePage page = MutablePage::allocate(page_size, nullptr);
  std::ranges::copy(std::as_bytes(std::span(first)), page.bytes().begin());
  node.l1.put(PageReader(file).key(0, file.manifest().page(file.index(), 0)), std::move(page).seal());
  go_on = true;
  const auto bytes = async::sync_wait(reply.wait());
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_TRUE(*bytes == oracle("f", 1, 0, page_size + 100));
  expect_idle(node);
}

TEST(ReadService, AStreamHoldsFewPagesThatL1HadAndFetchesTheOthersTogether) {
  TestNodeOptions options;
  options.stream.window_hit_bytes = 2 * page_size;
  options.stream.wait = seconds(60);
  TestNode node(options);
  node.publish("demo", 1, {{"f", 16 * page_size, page_size}});
  ASSERT_TRUE(node.read("demo", "f", 0, 8 * page_size));
  const FileRef file = node.open("demo", "f").value();
  auto first_piece = [&](ReadStream& stream) -> async::Task<Piece> { co_return co_await stream.next(); };
  const auto cached = node.service->read({{file, 0, 8 * page_size}});
  ASSERT_TRUE(node.run(first_piece(*cached)));
  node.l1.shrink(std::uint64_t{1} << 40U);
  // One piece was handed out, and one page more is held by the stream; all others could be freed.
  EXPECT_LE(node.memory.used(cache::MemoryUse::pages), 2 * MutablePage::charge(page_size));

  ASSERT_TRUE(node.read("demo", "f", 0, 8 * page_size));
  const std::size_t gets = node.gets("/objects/");
  EXPECT_TRUE(node.read("demo", "f", 0, 16 * page_size).value() == oracle("f", 1, 0, 16 * page_size));
  EXPECT_EQ(node.gets("/objects/"), gets + 1);
}

TEST(ReadService, APageThatCanNeverFitIsAnErrorNotAWait) {
  TestNodeOptions options;
  options.memory_bytes = 100'000;
  options.l1_bytes = 50'000;
  TestNode node(options);
  node.publish("demo", 1, {{"f", 200'000, 256U << 10U}});
  EXPECT_EQ(node.read("demo", "f", 0, 1).error().code, ErrorCode::exhausted);
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
