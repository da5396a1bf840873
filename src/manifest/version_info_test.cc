// v-N.info.json written and read, and what is refused.
#include <gtest/gtest.h>

#include <string>

#include "manifest/codec.h"

namespace seekfs::manifest {
namespace {

const VersionInfo sample{12, 3, 4096, 1763800000, "Ünï \"quoted\"\n\x01 line", std::string(64, 'a')};

TEST(VersionInfo, GoldenBytes) {
  EXPECT_EQ(
      encode_version_info(sample),
      R"({"version":12,"files":3,"bytes":4096,"created_at":1763800000,"message":"Ünï \"quoted\"\u000a\u0001 line",)"
      R"("manifest_sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})"
      "\n");
}

TEST(VersionInfo, ReadsBack) {
  const auto decoded = decode_version_info(encode_version_info(sample));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, sample);
}

TEST(VersionInfo, AMessageThatIsNoUtf8IsStillJson) {
  VersionInfo info = sample;
  info.message = "caf\xE9";
  const auto decoded = decode_version_info(encode_version_info(info));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->message, "caf\uFFFD");
}

TEST(VersionInfo, RefusalsNameTheField) {
  const std::string valid = encode_version_info(sample);
  const auto message_after = [&](std::string_view from, std::string_view to) {
    std::string json = valid;
    json.replace(json.find(from), from.size(), to);
    const auto decoded = decode_version_info(json);
    if (decoded) return std::string("was taken");
    EXPECT_EQ(decoded.error().code, ErrorCode::unsupported_manifest);
    return decoded.error().message;
  };
  EXPECT_EQ(
      message_after(R"("version":12)", R"("version":1.5)"),
      "version info: version: expected an unsigned integer, found a number that is not an integer from 0 to 2^64-1");
  EXPECT_EQ(message_after(R"("files":3,)", ""), "version info: files: is missing");
  EXPECT_EQ(message_after(R"("bytes":4096)", R"("bytes":{})"),
            "version info: bytes: expected a single value, found an object");
  EXPECT_EQ(message_after("aaaa", "AAAA"), "version info: manifest_sha256: expected 64 lower-case hex digits");
  EXPECT_EQ(message_after("aaaa", ""), "version info: manifest_sha256: expected 64 lower-case hex digits");
  EXPECT_EQ(message_after(R"("files":3)", R"("files":3,"files":3)"), "version info: files: is there twice");
  EXPECT_NE(message_after("}\n", "} {").find("more follows after the end"), std::string::npos);
}

}  // namespace
}  // namespace seekfs::manifest
