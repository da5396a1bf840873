// A disk that refuses while pages of a spared namespace are carried over into a segment of their own.
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <optional>

#include "env/faulty_file_system.h"
#include "env/simulated_disk_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

using env::FileOp;

constexpr std::uint32_t length = 3800;
constexpr std::uint64_t capacity = 4U << 20U;
constexpr std::uint64_t pages_that_fit = capacity / (length + 128);
constexpr std::uint64_t warm_pages = pages_that_fit * 3 / 10;
constexpr std::uint64_t scanned_pages = 3 * pages_that_fit;
constexpr TenantId warm = 1;
constexpr TenantId scanning = 2;

class CarryFaults : public testing::Test {
 protected:
  static StoreOptions options() {
    StoreOptions options = tiny_store();
    options.capacity = capacity;
    return options;
  }
  static NewPage page(TenantId tenant, std::uint64_t number) {
    NewPage page = make_test_page(tenant * 1'000'000 + number, length);
    page.tenant = tenant;
    return page;
  }
  void put(TenantId tenant, std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t i = from; i < to; ++i) {
      const Status done = store.append(page(tenant, i));
      ASSERT_TRUE(done) << done.error().message;
    }
  }
  /// A warm set lies between pages that are scanned, so every segment that is emptied has pages to carry over.
  void fill_and_scan() {
    ASSERT_TRUE(store.open());
    for (std::uint64_t i = 0; i < warm_pages; ++i) {
      ASSERT_NO_FATAL_FAILURE(put(warm, i, i + 1));
      ASSERT_NO_FATAL_FAILURE(put(scanning, 2 * i, 2 * i + 2));
    }
    put(scanning, 2 * warm_pages, scanned_pages);
  }
  /// How many are there; each page that the index has must be read whole.
  std::uint64_t count_whole(TenantId tenant, std::uint64_t to) {
    std::uint64_t found = 0;
    for (std::uint64_t i = 0; i < to; ++i) {
      const NewPage one = page(tenant, i);
      if (!store->may_contain(one.key)) continue;
      ++found;
      EXPECT_EQ(store.read(one), TestRead::hit) << "page " << i << " of " << tenant;
    }
    return found;
  }

  std::unique_ptr<env::SimulatedDisk> disk = env::make_simulated_disk(16U << 20U);
  std::function<std::optional<int>(FileOp)> plan = [](FileOp) { return std::nullopt; };
  std::unique_ptr<env::FileSystem> files =
      env::make_faulty_file_system(*disk, [this](FileOp operation, const std::string& path) {
        return path.find("data-") == std::string::npos ? std::nullopt : plan(operation);
      });
  StoreForTest store{*files, options()};
};

TEST_F(CarryFaults, ANewSegmentThatCostsTheOneThatIsBeingEmptied) {
  FileOp last = FileOp::open;
  std::uint64_t refused = 0;
  // The segment for what is kept is begun right after a record was read; before any other, a footer is written. The
  // next try has the room of what was evicted for it.
  plan = [&](FileOp operation) -> std::optional<int> {
    const bool refuse = operation == FileOp::allocate && last == FileOp::read;
    if (operation != FileOp::open) last = operation;
    refused += refuse ? 1 : 0;
    return refuse ? std::optional(ENOSPC) : std::nullopt;
  };
  ASSERT_NO_FATAL_FAILURE(fill_and_scan());
  EXPECT_GT(refused, 0U);
  EXPECT_GT(count_whole(warm, warm_pages), 0U);
  EXPECT_GT(count_whole(scanning, scanned_pages), 0U);
  EXPECT_EQ(store->stats().damaged_pages, 0U);
}

TEST_F(CarryFaults, SegmentsThatGetNoFooterCostNoPage) {
  plan = [&](FileOp operation) -> std::optional<int> {
    return operation == FileOp::truncate ? std::optional(EIO) : std::nullopt;
  };
  ASSERT_NO_FATAL_FAILURE(fill_and_scan());
  EXPECT_GE(count_whole(warm, warm_pages) * 100, warm_pages * 95);
  EXPECT_EQ(store->stats().damaged_pages, 0U);
}

}  // namespace
}  // namespace seekfs::segmentstore
