// Streams among reads: what is fetched ahead of sequential, interleaved, shuffled and random readers.
#include "reader/read_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace seekfs::reader {
namespace {

constexpr std::uint64_t KiB = 1024;
constexpr std::uint64_t MiB = 1024 * KiB;
constexpr std::uint64_t file_size = 128 * MiB;

class ReadAheadTest : public ::testing::Test {
 protected:
  /// A read of `len` bytes; what is fetched is noted by file, and must follow each other without overlap.
  std::optional<ByteSpan> read(std::uint64_t off, std::uint64_t len = MiB, std::uint64_t file = 1) {
    const auto span = ahead.on_read({.file = file, .file_size = file_size, .read = {off, len}});
    if (span) {
      EXPECT_GT(span->len, 0U);
      EXPECT_LE(span->end(), file_size);
      fetched[file] += span->len;
      largest = std::max(largest, span->len);
    }
    return span;
  }

  ReadAheadPolicy policy;
  ReadAhead ahead{policy};
  std::map<std::uint64_t, std::uint64_t> fetched;
  std::uint64_t largest = 0;
};

TEST_F(ReadAheadTest, AReaderFromTheStartIsFollowedAtOnceAndEachByteIsFetchedOnce) {
  std::uint64_t next = MiB;  // where the next window has to begin
  std::uint64_t pauses = 0;  // reads whose page was not fetched ahead
  for (std::uint64_t off = 0; off < file_size; off += MiB) {
    if (off >= next && off > 0) ++pauses;
    if (const auto span = read(off)) {
      EXPECT_EQ(span->off, next);
      next = span->end();
      EXPECT_LE(next - (off + MiB), policy.max_window);
    }
  }
  EXPECT_EQ(next, file_size);
  EXPECT_EQ(pauses, 0U);
  EXPECT_EQ(fetched[1], file_size - MiB);
  EXPECT_GE(largest, policy.max_window / 2) << "large windows are filled in large pieces";
}

TEST_F(ReadAheadTest, TheWindowGrowsWithWhatWasRead) {
  EXPECT_EQ(read(0), (ByteSpan{MiB, 8 * MiB}));
  EXPECT_FALSE(read(MiB)) << "most of the window is left";
  EXPECT_EQ(read(2 * MiB), (ByteSpan{9 * MiB, 10 * MiB})) << "16 MiB beyond the end of the read";
  for (std::uint64_t reads = 4; reads < 128; ++reads) {
    read((reads - 1) * MiB);
    EXPECT_LE(fetched[1] + MiB, std::max<std::uint64_t>(3 * reads, reads + 16) * MiB) << reads;
  }
}

TEST_F(ReadAheadTest, AStreamInTheMiddleIsBelievedAtItsThirdRead) {
  EXPECT_FALSE(read(50 * MiB));
  EXPECT_FALSE(read(51 * MiB));
  EXPECT_EQ(read(52 * MiB), (ByteSpan{53 * MiB, 6 * MiB}));
}

TEST_F(ReadAheadTest, AShortReadAtTheStartIsNoStreamYet) {
  EXPECT_FALSE(ahead.on_read({.file = 1, .file_size = file_size, .read = {0, 256 * KiB}, .likely = false}));
  EXPECT_TRUE(read(256 * KiB, 256 * KiB)) << "but the next one makes it one";
}

TEST_F(ReadAheadTest, RandomReadsAreNotFollowed) {
  for (const std::uint64_t len : {256 * KiB, MiB}) {
    std::mt19937_64 random(7);
    const std::uint64_t places = 4 * file_size / len;
    const std::uint64_t reads = places / 6;
    std::uint64_t total = 0;
    for (int round = 0; round < 20; ++round) {
      fetched.clear();
      ahead = ReadAhead(policy);
      std::set<std::uint64_t> cached;  // a page that is cached is not told of
      for (std::uint64_t i = 0; i < reads; ++i) {
        const std::uint64_t place = random() % places;
        if (!cached.insert(place).second) continue;
        read(place / 4 * len, len, 1 + place % 4);
      }
      for (const auto& [file, bytes] : fetched) total += bytes;
    }
    EXPECT_LT(total, 20 * reads * len / 10) << len;
  }
}

TEST_F(ReadAheadTest, InterleavedStreamsOfOneFileAreToldApart) {
  constexpr std::uint64_t streams = 16;
  constexpr std::uint64_t part = file_size / streams;
  for (std::uint64_t i = 0; i < part / (256 * KiB); ++i) {
    for (std::uint64_t stream = 0; stream < streams; ++stream) read(stream * part + i * 256 * KiB, 256 * KiB);
  }
  EXPECT_GT(fetched[1], file_size * 8 / 10);
  EXPECT_LT(fetched[1], file_size * 3) << "the window of a part's end reaches into the next ones";
}

TEST_F(ReadAheadTest, ParallelReadersOfOneStreamMayComeOutOfOrder) {
  std::vector<std::uint64_t> order;
  for (std::uint64_t off = 0; off < file_size; off += MiB) order.push_back(off);
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < order.size(); i += 8) {
    std::shuffle(order.begin() + static_cast<std::ptrdiff_t>(i), order.begin() + static_cast<std::ptrdiff_t>(i + 8),
                 random);
  }
  for (const std::uint64_t off : order) read(off);
  EXPECT_GT(fetched[1], file_size * 8 / 10);
  EXPECT_LE(fetched[1], file_size * 12 / 10);
}

TEST_F(ReadAheadTest, AJumpBeginsWithNothing) {
  for (std::uint64_t i = 0; i < 10; ++i) read(i * MiB);
  const std::uint64_t before = fetched[1];
  EXPECT_FALSE(read(100 * MiB));
  EXPECT_FALSE(read(101 * MiB));
  EXPECT_EQ(fetched[1], before);
  EXPECT_EQ(read(102 * MiB)->len, 6 * MiB);
}

TEST_F(ReadAheadTest, LostPagesAreAskedForAgainInASmallerWindow) {
  std::uint64_t off = 0;
  for (; off < 40 * MiB; off += MiB) read(off);
  const auto again = ahead.on_read({.file = 1, .file_size = file_size, .read = {off, MiB}, .lost = true});
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, (ByteSpan{off + MiB, policy.max_window / 2}));
  for (int i = 0; i < 10; ++i) {
    off += MiB;
    ahead.on_read({.file = 1, .file_size = file_size, .read = {off, MiB}, .lost = true});
  }
  const auto least = ahead.on_read({.file = 1, .file_size = file_size, .read = {off + MiB, MiB}, .lost = true});
  EXPECT_EQ(least->len, MiB);
}

TEST_F(ReadAheadTest, WhatCouldNotBeAskedForIsAskedForLater) {
  const auto given = read(0);
  ASSERT_EQ(given, (ByteSpan{MiB, 8 * MiB}));
  ahead.refused(1, *given, 2 * MiB);
  const auto next = read(MiB);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->off, 2 * MiB);
}

TEST_F(ReadAheadTest, AllStreamsTogetherStayWithinTheTotal) {
  std::uint64_t total = 0;
  for (std::uint64_t file = 1; file <= 40; ++file) {
    for (std::uint64_t i = 0; i < 8; ++i) read(i * MiB, MiB, file);
    total += 8 * MiB;
  }
  std::uint64_t asked = 0;
  for (const auto& [file, bytes] : fetched) asked += bytes;
  EXPECT_GT(asked, policy.max_total * 9 / 10);
  EXPECT_LE(asked, policy.max_total + total);
  for (std::uint64_t i = 0; i < 2000; ++i) read(20 * MiB + i % 2 * 70 * MiB, 64 * KiB, 99);
  EXPECT_TRUE(read(0, MiB, 1000)) << "streams that have stopped do not count for ever";
}

TEST_F(ReadAheadTest, RandomReadsOfOthersDriveOutNoStream) {
  std::mt19937_64 random(5);
  std::uint64_t next = 0;
  for (std::uint64_t off = 64 * MiB; off < file_size; off += MiB) {
    if (const auto span = read(off)) next = span->end();
    if (off < 66 * MiB) continue;  // not believed yet
    EXPECT_GE(next, off + MiB) << "what follows is always on its way";
    for (int i = 0; i < 300; ++i) EXPECT_FALSE(read((1 + random() % 100) * MiB, 64 * KiB, random()));
  }
  EXPECT_EQ(next, file_size);
}

TEST_F(ReadAheadTest, ManyStreamsLeaveRoomForNewOnes) {
  ahead = ReadAhead({.max_total = UINT64_MAX});
  for (std::uint64_t file = 1; file <= 3 * policy.max_streams; ++file) read(0, MiB, file);
  std::uint64_t other = 10'000;
  for (std::uint64_t off = 50 * MiB; off < 53 * MiB; off += MiB) {
    read(off, MiB, 9999);
    for (int i = 0; i < 16; ++i) read(20 * MiB, MiB, ++other);
  }
  EXPECT_GT(fetched[9999], 0U);
}

TEST_F(ReadAheadTest, ItCanBeSwitchedOff) {
  ReadAhead off({.max_window = 0});
  for (std::uint64_t i = 0; i < 10; ++i) {
    EXPECT_FALSE(off.on_read({.file = 1, .file_size = file_size, .read = {i * MiB, MiB}}));
  }
}

}  // namespace
}  // namespace seekfs::reader
