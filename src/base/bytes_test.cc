// CRC32C, SHA-256, hex, base64 and UTF-8 against published vectors and their own rules.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/crc32c.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/utf8.h"

namespace seekfs {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string text_of(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const std::byte byte : bytes) text.push_back(static_cast<char>(byte));
  return text;
}

TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c({}), 0U);
  std::array<std::byte, 32> block{};
  EXPECT_EQ(crc32c(block), 0x8A9136AAU);  // RFC 3720, B.4: 32 bytes of zeroes
  block.fill(std::byte{0xFF});
  EXPECT_EQ(crc32c(block), 0x62A8AB43U);  // and of ones
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(block), 0x46DD794EU);  // incrementing
}

TEST(Crc32c, ContinuesFromAnyPoint) {
  const std::string text = "The quick brown fox jumps over the lazy dog, 4096 times over.";
  const std::uint32_t whole = crc32c(bytes_of(text));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string_view view = text;
    EXPECT_EQ(crc32c(bytes_of(view.substr(cut)), crc32c(bytes_of(view.substr(0, cut)))), whole) << cut;
  }
}

TEST(Sha256, GivesThePublishedValues) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, StreamsAndStartsAnew) {
  Sha256 hash;
  hash.update("a");
  hash.update(bytes_of("bc"));
  EXPECT_EQ(hash.finish(), sha256("abc"));
  EXPECT_EQ(hash.finish(), sha256(""));
  hash.update("abc");
  Sha256 moved = std::move(hash);
  EXPECT_EQ(moved.finish(), sha256("abc"));
}

TEST(Hex, RoundTripsEveryByte) {
  std::array<std::byte, 256> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i);
  const std::string text = to_hex(all);
  EXPECT_EQ(text.substr(0, 8), "00010203");
  EXPECT_EQ(text.substr(504), "fcfdfeff");
  std::array<std::byte, 256> back{};
  ASSERT_TRUE(from_hex(text, back));
  EXPECT_EQ(back, all);
}

TEST(Hex, RefusesOtherText) {
  std::array<std::byte, 2> out{};
  for (const std::string_view text : {"", "abc", "abcde", "ABCD", "abcg", "ab d", "abcdef", "0x12"}) {
    EXPECT_FALSE(from_hex(text, out)) << text;
  }
}

TEST(Base64, GivesTheVectorsOfTheRfc) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"},
                                                                    {"\xfb\xff\xbf", "+/+/"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), encoded);
    const auto decoded = base64_decode(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(text_of(*decoded), plain);
  }
}

TEST(Base64, RoundTripsEveryLengthAndByte) {
  std::vector<std::byte> bytes;
  for (std::size_t length = 0; length < 600; ++length) {
    const auto decoded = base64_decode(base64_encode(bytes));
    ASSERT_TRUE(decoded);
    ASSERT_EQ(*decoded, bytes);
    bytes.push_back(static_cast<std::byte>(length * 7));
  }
}

TEST(Base64, RefusesWhatIsNotExact) {
  for (const std::string_view text :
       {"Z", "Zg", "Zg=", "Zg==\n", " Zg==", "Zg==Zg==", "Zh==", "Zm9=", "====", "Z===", "Zg=a",
        "=g==", "Zm9v\nZg=", "Zm-v", "Zm_v", "Zm9vYg", "Zm 9v===", "\xc3\xa4xx"}) {
    const auto decoded = base64_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::invalid);
  }
  const std::string with_nul("Zg\0=", 4);
  EXPECT_FALSE(base64_decode(with_nul));
}

TEST(Utf8, TellsWellFormedSequencesFromOthers) {
  EXPECT_EQ(utf8_sequence_length("a"), 1U);
  EXPECT_EQ(utf8_sequence_length("\xC3\xA4x"), 2U);
  EXPECT_EQ(utf8_sequence_length("\xE2\x82\xAC"), 3U);
  EXPECT_EQ(utf8_sequence_length("\xF0\x9F\x98\x80"), 4U);
  EXPECT_TRUE(is_utf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
  EXPECT_TRUE(is_utf8(""));
  for (const std::string_view text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xC3(", "\xE2(\xAC", "\xE2\x82("}) {
    EXPECT_EQ(utf8_sequence_length(text), 0U) << to_hex(bytes_of(text));
    EXPECT_FALSE(is_utf8(text));
  }
  EXPECT_EQ(utf8_sequence_length(""), 0U);
}

}  // namespace
}  // namespace seekfs
