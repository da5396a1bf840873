// Records, footers and fingerprints, bit by bit: what is on disk must be read by every later program.
#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/hex.h"
#include "env/simulated_disk_testing.h"
#include "segmentstore/footer.h"
#include "segmentstore/segment.h"

namespace seekfs::segmentstore {
namespace {

RecordHeader sample() {
  RecordHeader header;
  header.key = {
      .file = manifest::make_file_key("demo", "a/b.bin", "00ff"), .page_id = 7, .off = 1'835'008, .len = 4096};
  header.payload_crc32c = 0xE3069283;
  header.store_id = 0x1122334455667788;
  header.location = {42, 3968};
  return header;
}

TEST(Record, HasTheseBytes) {
  const HeaderBytes bytes = encode(sample());
  EXPECT_EQ(to_hex(bytes),
            "535245430100000088776655443322112a00000007000000800f000000000000"
            "2ec2cc6935dac99281c86f664a1cebd48578c16818f7e408f31cd1fb5db1ff25"
            "00001c000000000000100000839206e300000000000000000000000000000000"
            "0000000000000000000000000000000000000000000000000000000028469a7b");
}

TEST(Record, ComesBack) { EXPECT_EQ(decode(encode(sample())), sample()); }

TEST(Record, AnyFlippedBitIsNoRecord) {
  const HeaderBytes good = encode(sample());
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    HeaderBytes bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(decode(bad)) << bit;
  }
}

TEST(Record, ALengthThatNoPageHasIsNoRecord) {
  RecordHeader header = sample();
  header.key.len = max_payload_size;
  EXPECT_TRUE(decode(encode(header)));
  header.key.len = max_payload_size + 1;
  EXPECT_FALSE(decode(encode(header)));
}

TEST(Record, BelongsToOnePlace) {
  const HeaderBytes bytes = encode(sample());
  const SegmentIdentity own{0x1122334455667788, 42};
  EXPECT_TRUE(decode_in_place(bytes, own, 3968));
  EXPECT_FALSE(decode_in_place(bytes, own, 3976));
  EXPECT_FALSE(decode_in_place(bytes, {own.store_id, 43}, 3968));
  EXPECT_FALSE(decode_in_place(bytes, {own.store_id + 1, 42}, 3968));
}

TEST(Record, LargePayloadsStartOnBlocksAndSmallOnesArePacked) {
  EXPECT_EQ(next_record(0, 100), 0U);
  EXPECT_EQ(next_record(129, 100), 136U);
  EXPECT_EQ(next_record(0, 65536), 4096U - 128U);
  EXPECT_EQ(next_record(4096 - 128, 65536), 4096U - 128U);
  EXPECT_EQ(next_record(4096 - 127, 65536), 8192U - 128U);
  EXPECT_EQ(next_record(4096 + 65536, 65535), 4096U + 65536U);
}

TEST(Fingerprint, IsTheSameForever) {
  EXPECT_EQ(fingerprint(sample().key), 8611369830908170156U);
  EXPECT_EQ(fingerprint({}), 0U);
}

TEST(Fingerprint, DependsOnEveryField) {
  const manifest::PageKey key = sample().key;
  manifest::PageKey other = key;
  other.page_id ^= 1U;
  EXPECT_NE(fingerprint(other), fingerprint(key));
  other = key;
  other.off ^= 1U;
  EXPECT_NE(fingerprint(other), fingerprint(key));
  other = key;
  other.len ^= 1U;
  EXPECT_NE(fingerprint(other), fingerprint(key));
  for (std::size_t i = 0; i < key.file.bytes.size(); ++i) {
    other = key;
    other.file.bytes[i] ^= std::byte{1};
    EXPECT_NE(fingerprint(other), fingerprint(key)) << i;
  }
}

TEST(SegmentFileName, IsReadAsItIsWritten) {
  EXPECT_EQ(segment_file_name(7), "data-00007.seg");
  EXPECT_EQ(segment_file_name(1'234'567), "data-1234567.seg");
  for (const SegmentNumber number : {1U, 99'999U, 100'000U, max_segment_number}) {
    EXPECT_EQ(parse_segment_file_name(segment_file_name(number)), number);
  }
  for (const std::string_view other : {"data-00000.seg", "data-7.seg", "data-0000007.seg", "data-00007.seg.old",
                                       "data-0000x.seg", "data-.seg", "xdata-00007.seg", "data-99999999.seg", ""}) {
    EXPECT_EQ(parse_segment_file_name(other), 0U) << other;
  }
}

class FooterTest : public testing::Test {
 protected:
  /// A segment whose data are zeros and whose footer lists two records.
  void write(SegmentIdentity identity, std::uint64_t data_end = 1000) {
    const auto footer = encode_footer(identity, data_end, entries);
    size = footer_begin(data_end) + footer.size();
    ASSERT_TRUE(file->truncate(0));
    ASSERT_TRUE(file->write_at(footer_begin(data_end), footer));
  }
  void flip(std::uint64_t offset) {
    std::array<std::byte, 1> byte{};
    ASSERT_EQ(file->read_at(offset, byte).value(), 1U);
    byte[0] ^= std::byte{4};
    ASSERT_TRUE(file->write_at(offset, byte));
  }

  std::unique_ptr<env::SimulatedDisk> disk = env::make_simulated_disk(1U << 20U);
  std::unique_ptr<env::File> file = disk->open("/segment", {.write = true, .create = true}).value();
  const SegmentIdentity own{99, 3};
  std::vector<FooterEntry> entries{{0x0102030405060708, 0, 100}, {5, 232, 640}};
  std::uint64_t size = 0;
};

TEST_F(FooterTest, ComesBack) {
  write(own);
  const auto trailer = read_trailer(*file, size, own);
  ASSERT_TRUE(trailer) << trailer.error().message;
  EXPECT_EQ(trailer->data_end, 1000U);
  EXPECT_EQ(read_footer_entries(*file, *trailer).value(), entries);
}

TEST_F(FooterTest, BelongsToOneSegment) {
  write(own);
  EXPECT_FALSE(read_trailer(*file, size, {99, 4}));
  EXPECT_FALSE(read_trailer(*file, size, {98, 3}));
  EXPECT_FALSE(read_trailer(*file, size + 1, own));
  EXPECT_FALSE(read_trailer(*file, size - 8, own));
  EXPECT_FALSE(read_trailer(*file, 10, own));
}

TEST_F(FooterTest, DamageIsSeen) {
  write(own);
  for (std::uint64_t at = footer_begin(1000); at < size; ++at) {
    flip(at);
    const auto trailer = read_trailer(*file, size, own);
    EXPECT_FALSE(trailer && read_footer_entries(*file, *trailer)) << at;
    flip(at);
  }
  EXPECT_TRUE(read_trailer(*file, size, own));
}

TEST_F(FooterTest, AnEntryBeyondTheDataIsRefused) {
  entries.push_back({6, 900, 100});
  write(own);
  const auto trailer = read_trailer(*file, size, own);
  ASSERT_TRUE(trailer);
  EXPECT_EQ(read_footer_entries(*file, *trailer).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace seekfs::segmentstore
