// Streams on a whole node in memory: several items in order, windows, and memory that is short.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "reader/page_reader.h"
#include "reader/reader_testing.h"

namespace seekfs::reader {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t file_size = 1'000'003;
constexpr std::uint32_t page_size = 64U << 10U;

TEST(ReadStream, SeveralItemsComeInOrderAndOneBadItemSpoilsOnlyItself) {
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

TEST(ReadStream, ABadItemLargerThanTheWindowIsSkippedAsAWhole) {
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

TEST(ReadStream, AStreamThatIsGivenUpWithdrawsWhatWasNotSent) {
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

TEST(ReadStream, ReadsManyTimesTheMemoryThatThereIs) {
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

TEST(ReadStream, MemoryThatWasWaitedForIsNotUsedForAPageOfAnotherLength) {
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

TEST(ReadStream, AStreamHoldsFewPagesThatL1HadAndFetchesTheOthersTogether) {
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

TEST(ReadStream, APageThatCanNeverFitIsAnErrorNotAWait) {
  TestNodeOptions options;
  options.memory_bytes = 100'000;
  options.l1_bytes = 50'000;
  TestNode node(options);
  node.publish("demo", 1, {{"f", 200'000, 256U << 10U}});
  EXPECT_EQ(node.read("demo", "f", 0, 1).error().code, ErrorCode::exhausted);
}

}  // namespace
}  // namespace seekfs::reader
