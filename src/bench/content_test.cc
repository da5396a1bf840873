// The oracle of benchmarks: the same bytes for any cutting, and every wrong byte seen.
#include "bench/content.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace seekfs::bench {
namespace {

std::vector<std::byte> bytes(const Content& content, std::uint64_t offset, std::size_t size) {
  std::vector<std::byte> out(size);
  content.fill(offset, out);
  return out;
}

TEST(Content, IsTheSameForAnyCutting) {
  const Content content(7, "shards/a");
  const auto whole = bytes(content, 0, 3000);
  for (const std::size_t step : {1, 3, 7, 8, 13, 512, 1000}) {
    for (std::size_t at = 0; at < whole.size(); at += step) {
      const auto piece = bytes(content, at, std::min(step, whole.size() - at));
      ASSERT_TRUE(std::ranges::equal(piece, std::span(whole).subspan(at, piece.size()))) << step << " at " << at;
    }
  }
}

TEST(Content, IsTheOneThatReportsWereMadeWith) {
  const auto first = bytes(Content(1, "shards/shard-00000.bin"), 0, 8);
  std::uint64_t word = 0;
  for (std::size_t index = 8; index-- > 0;) word = word << 8U | static_cast<std::uint64_t>(first[index]);
  EXPECT_EQ(word, 0x98512BFC09F2A782U);
}

TEST(Content, DependsOnSeedPathAndOffset) {
  const auto one = bytes(Content(1, "a"), 0, 64);
  EXPECT_NE(one, bytes(Content(2, "a"), 0, 64));
  EXPECT_NE(one, bytes(Content(1, "b"), 0, 64));
  EXPECT_NE(one, bytes(Content(1, "a"), 64, 64));
  EXPECT_NE(one, bytes(Content(1, "a"), 4096, 64));
}

TEST(Content, NoTwoWordsAreEqual) {
  std::vector<std::uint64_t> words(100'000);
  Content(1, "a").fill(0, std::as_writable_bytes(std::span(words)));
  std::ranges::sort(words);
  EXPECT_EQ(std::ranges::adjacent_find(words), words.end());
}

TEST(Content, SeesEveryWrongByte) {
  const Content content(3, "x");
  for (const std::uint64_t offset : {0, 5, 4096}) {
    auto data = bytes(content, offset, 1100);
    EXPECT_EQ(content.first_wrong(offset, data), std::nullopt);
    for (std::size_t index = 0; index < data.size(); ++index) {
      data[index] ^= std::byte{1};
      ASSERT_EQ(content.first_wrong(offset, data), index) << offset;
      data[index] ^= std::byte{1};
    }
  }
}

TEST(Content, SparseChecksSeeAnotherOffsetFileOrTailAndNotEveryByte) {
  const Content content(3, "x");
  auto data = bytes(content, 100, 5000);
  EXPECT_EQ(content.first_wrong_sparse(100, data), std::nullopt);
  EXPECT_EQ(content.first_wrong_sparse(101, data), 0U);
  EXPECT_EQ(Content(3, "y").first_wrong_sparse(100, data), 0U);
  data[1024] ^= std::byte{128};
  EXPECT_EQ(content.first_wrong_sparse(100, data), 1024U);
  data[1024] ^= std::byte{128};
  data[4999] ^= std::byte{1};
  EXPECT_EQ(content.first_wrong_sparse(100, data), 4999U);
  data[4999] ^= std::byte{1};
  data[100] ^= std::byte{1};
  EXPECT_EQ(content.first_wrong_sparse(100, data), std::nullopt);
  EXPECT_EQ(content.first_wrong(100, data), 100U);
}

TEST(Content, HasNothingWrongInNothing) {
  EXPECT_EQ(Content(1, "a").first_wrong(9, {}), std::nullopt);
  EXPECT_EQ(Content(1, "a").first_wrong_sparse(9, {}), std::nullopt);
  const auto three = bytes(Content(1, "a"), 2, 3);
  EXPECT_EQ(Content(1, "a").first_wrong_sparse(2, three), std::nullopt);
}

}  // namespace
}  // namespace seekfs::bench
