// The writer of one segment: what it takes, it has room for, footer included.
#include "segmentstore/segment_writer.h"

#include <gtest/gtest.h>

#include "env/simulated_disk_testing.h"
#include "segmentstore/store_testing.h"

namespace seekfs::segmentstore {
namespace {

TEST(SegmentWriter, AFullSegmentEndsWithinItsSize) {
  constexpr std::uint64_t size = 64U << 10U;
  for (const std::uint32_t length : {1U, 100U, 1000U, 20'000U}) {
    const auto disk = env::make_simulated_disk(4U << 20U);
    auto file = disk->open("/segment", {.write = true, .create = true}).value();
    const SegmentIdentity identity{7, 1};
    SegmentWriter writer(
        std::make_shared<Segment>(identity, "/segment", std::move(file), size, std::make_shared<DiskUse>(0)), size);
    std::uint64_t count = 0;
    for (NewPage page = make_test_page(0, length); writer.add(page.key, page.crc32c, page.tenant, page.page.bytes());
         page = make_test_page(++count, length)) {
      ASSERT_TRUE(writer.flush());
    }
    EXPECT_GT(count * (length + record_header_size), size * 6 / 10) << length;
    ASSERT_TRUE(writer.seal());
    const env::FileInfo info = writer.segment()->file().info().value();
    EXPECT_LE(info.size, size) << length;
    const auto trailer = read_trailer(writer.segment()->file(), info.size, identity);
    ASSERT_TRUE(trailer) << trailer.error().message;
    EXPECT_EQ(trailer->entries, count);
    EXPECT_FALSE(SegmentWriter::fits_empty(size, static_cast<std::uint32_t>(size)));
  }
}

}  // namespace
}  // namespace seekfs::segmentstore
