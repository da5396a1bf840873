// Keys, HEAD and page keys as SPEC writes them.
#include "manifest/layout.h"

#include <gtest/gtest.h>

#include "manifest/model.h"
#include "manifest/page_key.h"

namespace seekfs::manifest {
namespace {

const Sha256Digest abc = sha256(std::string_view("abc"));
constexpr std::string_view abc_hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Layout, KeysAreThoseOfTheSpecification) {
  EXPECT_EQ(head_key("demo"), "namespaces/demo/HEAD");
  EXPECT_EQ(manifest_key("demo", 12), "namespaces/demo/manifests/v-12.json.gz");
  EXPECT_EQ(info_key("demo", 12), "namespaces/demo/manifests/v-12.info.json");
  EXPECT_EQ(manifests_prefix("demo"), "namespaces/demo/manifests/");
  EXPECT_EQ(objects_prefix("demo"), "namespaces/demo/objects/");
  EXPECT_EQ(files_prefix("demo"), "namespaces/demo/files/");
  EXPECT_EQ(condition_test_key("demo"), "namespaces/demo/.seekfs/condtest");
  EXPECT_EQ(object_key("demo", abc), "namespaces/demo/objects/ba/" + std::string(abc_hex));
  EXPECT_EQ(file_key("demo", "a/b.tar"), "namespaces/demo/files/a/b.tar");
  EXPECT_EQ(file_key("demo", "a/b.tar", abc), "namespaces/demo/files/a/b.tar/v-" + std::string(abc_hex));
}

TEST(Layout, VersionsAreReadFromKeys) {
  EXPECT_EQ(version_of_manifest_key("v-12.json.gz"), 12U);
  EXPECT_EQ(version_of_manifest_key(manifest_key("demo", 18446744073709551615U)), 18446744073709551615U);
  EXPECT_EQ(version_of_info_key(info_key("demo", 7)), 7U);
  for (const std::string_view key :
       {"v-0.json.gz", "v-012.json.gz", "v-.json.gz", "v--1.json.gz", "v-1.json", "v-1.json.gz.tmp", "v12.json.gz", "",
        "v-1x.json.gz", "v-18446744073709551616.json.gz", "namespaces/demo/files/v-1.json.gz", "v-+1.json.gz"}) {
    EXPECT_EQ(version_of_manifest_key(key), std::nullopt) << key;
  }
  EXPECT_EQ(version_of_manifest_key("v-1.info.json"), std::nullopt);
  EXPECT_EQ(version_of_info_key("v-1.json.gz"), std::nullopt);
}

TEST(Layout, HeadIsReadInAllItsForms) {
  for (const std::string_view body : {"v-12\n", "v-12", "v12\n", "v12", "12\n", "12"}) {
    EXPECT_EQ(parse_head(body), 12U) << body;
  }
  EXPECT_EQ(format_head(12), "v-12\n");
  EXPECT_EQ(parse_head(format_head(18446744073709551615U)), 18446744073709551615U);
}

TEST(Layout, ABrokenHeadIsCorrupt) {
  for (const std::string_view body : {"", "\n", "v-", "v-0\n", "v-01\n", "v--1", "v-1\n\n", "v-1\r\n", " v-1", "V-1",
                                      "vv1", "v-1 ", "1.0", "18446744073709551616", "-1", "v-1\nv-2\n"}) {
    const auto version = parse_head(body);
    ASSERT_FALSE(version) << body;
    EXPECT_EQ(version.error().code, ErrorCode::corrupt);
    EXPECT_NE(version.error().message.find("HEAD"), std::string::npos);
  }
}

TEST(PageKey, IsTheHashThatTheSpecificationWrites) {
  EXPECT_EQ(make_file_key("demo", "a/b", "00ff"), sha256(std::string_view("demo|a/b|00ff|")));
}

TEST(PageKey, EveryPartChangesTheKey) {
  const PageKey key{make_file_key("demo", "a", abc_hex), 1, 262144, 4096};
  PageKey other = key;
  EXPECT_EQ(mix(key), mix(other));
  other.page_id = 2;
  EXPECT_NE(key, other);
  EXPECT_NE(mix(key), mix(other));
  EXPECT_NE(make_file_key("demo", "a", abc_hex), make_file_key("dem", "oa", abc_hex));
}

TEST(PageSize, DependsOnTheFileSizeAlone) {
  constexpr std::uint64_t mib = 1U << 20U;
  EXPECT_EQ(default_page_size(0), 256U << 10U);
  EXPECT_EQ(default_page_size(256 * mib), 256U << 10U);
  EXPECT_EQ(default_page_size(256 * mib + 1), mib);
  EXPECT_EQ(default_page_size(65'536 * mib), mib);
  EXPECT_EQ(default_page_size(65'536 * mib + 1), 2 * mib);
  EXPECT_EQ(default_page_size(UINT64_MAX), 64 * mib);
}

}  // namespace
}  // namespace seekfs::manifest
