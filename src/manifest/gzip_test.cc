// Packing and unpacking in pieces; what is damaged or a bomb is refused.
#include "manifest/gzip.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "manifest/manifest_testing.h"

namespace seekfs::manifest {
namespace {

std::string pack(std::string_view text) {
  GzipWriter writer;
  writer.write(text.substr(0, text.size() / 3));
  writer.write(text.substr(text.size() / 3));
  return writer.finish();
}

Result<std::string> unpack(std::string_view packed, std::size_t piece, std::uint64_t max_ratio = 1'000'000) {
  std::string text;
  GzipReader reader(max_ratio, [&](std::span<const std::byte> bytes) -> Status {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  });
  for (std::size_t at = 0; at < packed.size(); at += piece) {
    SEEKFS_TRY(reader.feed(std::as_bytes(std::span(packed.substr(at, piece)))));
  }
  SEEKFS_TRY(reader.finish());
  return text;
}

/// Half random, half repetitive, so that stored, fixed and dynamic blocks and long matches occur.
std::string sample(std::size_t size) {
  std::string text = oracle_content("demo", "gzip", 1, size / 2);
  while (text.size() < size) text += "repetition ";
  text.resize(size);
  return text;
}

TEST(Gzip, RoundTripsInPiecesOfAnySize) {
  for (const std::size_t size : {0U, 1U, 7U, 1000U, 65536U, 700000U}) {
    const std::string text = sample(size);
    const std::string packed = pack(text);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, packed.size()}) {
      const auto unpacked = unpack(packed, piece);
      ASSERT_TRUE(unpacked) << unpacked.error().message;
      EXPECT_EQ(*unpacked, text) << size << " by " << piece;
    }
  }
}

TEST(Gzip, MembersFollowEachOther) {
  const std::string packed = pack("one ") + pack("") + pack(sample(100000)) + pack("end");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, packed.size()}) {
    const auto unpacked = unpack(packed, piece);
    ASSERT_TRUE(unpacked) << unpacked.error().message;
    EXPECT_EQ(*unpacked, "one " + sample(100000) + "end");
  }
}

TEST(Gzip, EveryTruncationIsCorrupt) {
  const std::string packed = pack(sample(300)) + pack("second");
  const std::size_t first = pack(sample(300)).size();
  for (std::size_t length = 0; length < packed.size(); ++length) {
    for (const std::size_t piece : {std::size_t{1}, packed.size()}) {
      const auto unpacked = unpack(std::string_view(packed).substr(0, length), piece);
      if (length == first) {
        EXPECT_TRUE(unpacked);
        continue;
      }
      ASSERT_FALSE(unpacked) << length;
      EXPECT_EQ(unpacked.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(Gzip, BytesBehindTheEndAreCorrupt) {
  for (const std::string& rest : {std::string("x"), std::string(1, '\0'), std::string("\x1F"), std::string("\x1F\x8B"),
                                  std::string("\x1F\x8Bgarbage that is no header")}) {
    const auto unpacked = unpack(pack("text") + rest, 3);
    ASSERT_FALSE(unpacked);
    EXPECT_EQ(unpacked.error().code, ErrorCode::corrupt);
  }
}

TEST(Gzip, NoFlippedBitGivesOtherText) {
  const std::string text = sample(400);
  const std::string packed = pack(text);
  std::size_t without_meaning = 0;
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    std::string damaged = packed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const auto unpacked = unpack(damaged, damaged.size());
    if (!unpacked) continue;
    EXPECT_EQ(*unpacked, text) << bit;
    ++without_meaning;
  }
  // The header's time, level, system and text flag, and what fills up the last byte of the data.
  EXPECT_LE(without_meaning, 32U + 8U + 8U + 1U + 7U);
}

TEST(Gzip, BombsAreRefusedWhileTheyUnpack) {
  const std::string packed = pack(std::string(50'000'000, ' '));
  std::size_t most = 0;
  GzipReader reader(200, [&](std::span<const std::byte> bytes) -> Status {
    most += bytes.size();
    return {};
  });
  const Status status = reader.feed(std::as_bytes(std::span(packed)));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::unsupported_manifest);
  EXPECT_NE(status.error().message.find("200 bytes out"), std::string::npos);
  EXPECT_LT(most, 1'000'000U);
}

TEST(Gzip, SmallBombsAreRefusedAtTheEnd) {
  const std::string packed = pack(std::string(100'000, ' '));
  ASSERT_GT(100'000U / packed.size(), 200U);
  EXPECT_FALSE(unpack(packed, 1, 200));
  EXPECT_TRUE(unpack(packed, 1, 1000));
}

TEST(Gzip, AnErrorOfTheOutputEndsTheFeeding) {
  const std::string packed = pack("text");
  GzipReader reader(200, [](std::span<const std::byte>) -> Status { return fail(ErrorCode::exhausted, "full"); });
  const Status status = reader.feed(std::as_bytes(std::span(packed)));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::exhausted);
}

TEST(Gzip, TheSameTextGivesTheSameBytes) {
  EXPECT_EQ(pack(sample(5000)), pack(sample(5000)));
  EXPECT_EQ(pack("x").substr(0, 10), std::string("\x1F\x8B\x08\0\0\0\0\0\0\x03", 10)) << "no flags, no time";
}

}  // namespace
}  // namespace seekfs::manifest
