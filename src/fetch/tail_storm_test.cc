// Readers and hints at random over the S3 engine with few permits: tails pause, are raised and end, and everybody gets
// the right bytes.
#include <gtest/gtest.h>

#include <random>
#include <thread>
#include <vector>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "base/units.h"
#include "fetch/page_fetcher.h"
#include "objectstore/s3/curl_client_testing.h"
#include "objectstore/s3/fake_and_store_testing.h"

namespace seekfs::fetch {
namespace {

using objectstore::Purpose;
using objectstore::s3::FakeAndStore;
using objectstore::s3::test_bytes;

constexpr std::uint32_t page_size = 160 * KiB;
constexpr std::uint32_t pages = 16;
constexpr std::uint32_t objects = 4;

class TailStorm : public testing::Test {
 protected:
  TailStorm() {
    for (std::uint32_t object = 0; object < objects; ++object) {
      on.fake.bucket().put(name(object), content);
      auto source = std::make_shared<PageSource>();
      source->ns = "demo";
      source->path = name(object);
      const auto info = async::sync_wait(on.store().head({.key = name(object)}, {}));
      source->object = {.key = name(object), .if_match = info->etag, .version_id = {}};
      sources.push_back(std::move(source));
    }
  }
  ~TailStorm() override {
    fetcher.shutdown();
    background.stop();
  }

  static std::string name(std::uint32_t object) { return "object-" + std::to_string(object); }
  std::span<const std::byte> bytes_of(std::uint32_t page_id) const {
    return std::as_bytes(std::span(content)).subspan(std::size_t{page_id} * page_size, page_size);
  }
  PageFetcher::Wanted wanted(std::uint32_t object, std::uint32_t page_id, Purpose purpose) const {
    PageRequest made;
    made.key = {.file = {}, .page_id = page_id, .off = std::uint64_t{page_id} * page_size, .len = page_size};
    made.key.file.bytes[0] = static_cast<std::byte>(object);
    made.crc32c = crc32c(bytes_of(page_id));
    made.source = sources[object];
    return {.request = std::move(made), .buffer = MutablePage::allocate(page_size, nullptr), .purpose = purpose};
  }
  bool is_right(const Result<PageArrival>& arrival, std::uint32_t page_id) const {
    EXPECT_TRUE(arrival) << arrival.error().message;
    return arrival && std::ranges::equal(arrival->page.bytes(), bytes_of(page_id));
  }
  /// A reader of one page and hints for those behind it, some of which it then reads, waits for, or withdraws.
  void read_something(std::mt19937& random) {
    const auto object = static_cast<std::uint32_t>(random() % objects);
    const auto first = static_cast<std::uint32_t>(random() % (pages - 6));
    std::vector<PageFetcher::Wanted> hinted;
    for (std::uint32_t id = first + 1; id < first + 6; ++id) hinted.push_back(wanted(object, id, Purpose::prefetch));
    auto hints = fetcher.start(std::move(hinted), background.executor());
    read(object, first);
    if (random() % 2 == 0) read(object, first + 1 + static_cast<std::uint32_t>(random() % 5));
    if (random() % 4 == 0) {
      for (std::uint32_t i = 0; i < hints.size(); ++i) {
        EXPECT_TRUE(is_right(async::sync_wait(hints[i].wait()), first + 1 + i));
      }
    }
  }
  /// Whatever a tail may go through.
  bool all_was_seen() {
    const auto seen = [this](const std::string& metric) { return on.rig.metrics().counter(metric, "").value() > 0; };
    return seen("seekfs_origin_pauses_total") && seen("seekfs_origin_raises_total") &&
           seen("seekfs_origin_tails_ended_total");
  }
  void read(std::uint32_t object, std::uint32_t page_id) {
    std::vector<PageFetcher::Wanted> one;
    one.push_back(wanted(object, page_id, Purpose::demand));
    auto tickets = fetcher.start(std::move(one), background.executor());
    EXPECT_TRUE(is_right(async::sync_wait(tickets[0].wait()), page_id));
  }

  const std::string content = test_bytes(std::size_t{pages} * page_size);
  FakeAndStore on{{.gate = {.max_in_flight = 10}}};
  std::vector<std::shared_ptr<const PageSource>> sources;
  async::Timers timers{on.rig.clock()};
  async::Reactor background{"background"};
  cache::MemoryBudget memory{64 * MiB, timers};
  cache::PageCache l1{12ULL * page_size, memory};  // most reads go to the store
  std::unique_ptr<l2::L2> l2 = l2::make_none();
  PageFetcher fetcher{{on.store(), on.rig.gate(), l1, memory, *l2, timers, background, on.rig.metrics(), null_logger()},
                      {}};
};

TEST_F(TailStorm, EverybodyIsServed) {
  {
    std::vector<std::jthread> readers;
    for (unsigned seed = 1; seed <= 8; ++seed) {
      readers.emplace_back([this, seed] {
        std::mt19937 random(seed);
        for (int turn = 0; turn < 8 || (turn < 20 && !all_was_seen()); ++turn) read_something(random);
      });
    }
  }
  while (on.rig.gate().in_flight() > 0) std::this_thread::yield();
  EXPECT_EQ(fetcher.in_flight(), 0U);
  EXPECT_EQ(on.rig.metrics().gauge("seekfs_origin_paused_transfers", "").value(), 0);
}

}  // namespace
}  // namespace seekfs::fetch
