// Manifests written and read back: golden bytes, round trips, both forms of page tables, fields in any order.
#include "manifest/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/sha256.h"
#include "manifest/gzip.h"
#include "manifest/manifest_testing.h"

namespace seekfs::manifest {
namespace {

Result<Manifest> decode(std::string_view bytes, std::optional<std::uint64_t> expected = {}) {
  return decode_manifest(std::as_bytes(std::span(bytes)), expected);
}

/// One of everything that a manifest may hold.
Manifest golden_manifest() {
  Manifest manifest;
  manifest.version = 3;
  manifest.created_at = 1763800000;
  manifest.parents = {2};
  manifest.tombstones = {"old/name.bin", "old/\"ü\".bin"};
  FileEntry shard = oracle_entry("demo", 3, {"train/shard-000.tar", 600'000, 262'144});
  shard.mtime = 1763700000;
  shard.storage.etag = "\"d41d8cd98f00b204e9800998ecf8427e-2\"";
  shard.storage.version_id = "3HL4kqtJlcpXroDTDmJ";
  shard.storage.sse = "AES256";
  FileEntry packed = oracle_entry("demo", 3, {"pack/a\\b.bin", 5, 64});
  packed.storage = {"packs/0001", {}, {}, {}, 4096};
  manifest.files = {shard, packed, oracle_entry("demo", 3, {"empty", 0})};
  return manifest;
}

constexpr std::string_view golden_json =
    R"golden({"format":"seekfs-manifest/1","requires":[],"version":3,"created_at":1763800000,"parents":[2],)golden"
    R"golden("tombstones":["old/\"ü\".bin","old/name.bin"],)golden"
    R"golden("files":[{"path":"empty","size":0,)golden"
    R"golden("hash":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)golden"
    R"golden("page_table":[],"storage":{"key":"namespaces/demo/objects/e3/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}},)golden"
    R"golden({"path":"pack/a\\b.bin","size":5,)golden"
    R"golden("hash":"sha256:df9c6f6570f9ae313ca00db12f9f68222e736ec3b15abb163c9582671a786bcb",)golden"
    R"golden("page_table":[{"page_id":0,"off":0,"len":5,"crc32c":4094988210}],)golden"
    R"golden("storage":{"key":"packs/0001","off":4096}},)golden"
    R"golden({"path":"train/shard-000.tar","size":600000,)golden"
    R"golden("hash":"sha256:dd60b7827cdb8418bcb3461bbc3431b01fda9416c843e7869812c091e627dbbe","mtime":1763700000,)golden"
    R"golden("page_table":[{"page_id":0,"off":0,"len":262144,"crc32c":220863986},{"page_id":1,"off":262144,"len":262144,"crc32c":37358274},{"page_id":2,"off":524288,"len":75712,"crc32c":2854297990}],)golden"
    R"golden("storage":{"key":"namespaces/demo/objects/dd/dd60b7827cdb8418bcb3461bbc3431b01fda9416c843e7869812c091e627dbbe",)golden"
    R"golden("etag":"\"d41d8cd98f00b204e9800998ecf8427e-2\"",)golden"
    R"golden("version_id":"3HL4kqtJlcpXroDTDmJ","sse":"AES256"}}]})golden";

constexpr std::string_view golden_gzip_sha256 = "27e46f951cf65ad9b3711855c182bf91c0355c4a5906fdba9c8e2899ca68f8e4";

TEST(ManifestGolden, BytesOfTheJson) { EXPECT_EQ(encode_manifest_json(golden_manifest()), golden_json); }

TEST(ManifestGolden, BytesOfTheGzip) {
  EXPECT_EQ(sha256(encode_manifest(golden_manifest())).hex(), golden_gzip_sha256);
}

TEST(ManifestGolden, ReadsBackSorted) {
  Manifest expected = golden_manifest();
  std::ranges::sort(expected.files, {}, &FileEntry::path);
  std::ranges::sort(expected.tombstones);
  const auto decoded = decode(golden_json, 3);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, expected);
}

TEST(ManifestRoundTrip, EveryGeneratedManifest) {
  for (std::uint64_t seed = 0; seed < manifest_seeds; ++seed) {
    const Manifest manifest = random_manifest(seed);
    for (const bool packed : {false, true}) {
      const auto decoded = decode(encode_manifest(manifest, {packed}), manifest.version);
      ASSERT_TRUE(decoded) << seed << ": " << decoded.error().message;
      ASSERT_EQ(*decoded, manifest) << seed;
      EXPECT_EQ(encode_manifest_json(*decoded, {packed}), encode_manifest_json(manifest, {packed}));
    }
  }
}

TEST(ManifestRoundTrip, InPiecesOfAnySize) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Manifest manifest = random_manifest(seed);
    const std::string json = encode_manifest_json(manifest, {seed % 2 == 0});
    for (const std::size_t piece : {1U, 3U, 7U, 64U}) {
      struct Sink final : ManifestSink {
        std::vector<FileEntry> files;
        Status on_file(FileEntry&& file) override {
          files.push_back(std::move(file));
          return {};
        }
      } sink;
      ManifestReader reader(sink, manifest.version, {});
      for (std::size_t at = 0; at < json.size(); at += piece) {
        const Status fed = reader.feed(std::as_bytes(std::span(std::string_view(json).substr(at, piece))));
        ASSERT_TRUE(fed) << fed.error().message;
      }
      const auto header = reader.finish();
      ASSERT_TRUE(header) << header.error().message;
      EXPECT_EQ(header->tombstones, manifest.tombstones);
      EXPECT_EQ(sink.files, manifest.files);
    }
  }
}

TEST(ManifestRoundTrip, NumbersUpToTheirEnds) {
  Manifest manifest = golden_manifest();
  manifest.version = UINT64_MAX;
  manifest.parents = {UINT64_MAX, 9007199254740993};
  manifest.created_at = INT64_MAX;
  manifest.files.resize(1);
  manifest.files[0].storage.off = UINT64_MAX - manifest.files[0].size;
  manifest.files[0].pages[0].crc32c = UINT32_MAX;
  std::ranges::sort(manifest.tombstones);
  const auto decoded = decode(encode_manifest(manifest), UINT64_MAX);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(*decoded, manifest);
}

TEST(ManifestReading, TakesFieldsInAnyOrderAndIgnoresUnknownOnes) {
  const std::string hash(64, 'a');
  const std::string json =
      R"({"x":{"y":[1,2.5,{"z":null}],"long":")" + std::string(5000, 'l') +
      R"("},"files":[{"storage":{"off":1,"new":[],"key":"k"},)" +
      R"("page_table":[{"crc32c":7,"len":5,"note":"\u00fc","off":0,"page_id":0}],"hash":"sha256:)" + hash +
      R"(","size":5,"later":{"path":"no"},"path":"p"}],"tombstones":[],"parents":[],"created_at":1,"version":9} )"
      "\n";
  for (const bool packed : {false, true}) {
    GzipWriter writer;
    writer.write(json);
    const auto decoded = decode(packed ? writer.finish() : json, 9);
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_EQ(decoded->files.size(), 1U);
    EXPECT_EQ(decoded->files[0].path, "p");
    EXPECT_EQ(decoded->files[0].pages, (std::vector<Page>{{0, 5, 7}}));
    EXPECT_EQ(decoded->files[0].storage.off, 1U);
    EXPECT_EQ(decoded->files[0].mtime, std::nullopt);
  }
}

TEST(ManifestReading, NothingOfOneFileStaysForTheNext) {
  Manifest manifest = golden_manifest();
  manifest.files[0].path = "a";  // has every optional field, and is written before one that has none
  std::ranges::sort(manifest.files, {}, &FileEntry::path);
  std::ranges::sort(manifest.tombstones);
  const auto decoded = decode(encode_manifest_json(manifest));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, manifest);
}

TEST(ManifestReading, ASinkCanEndIt) {
  struct Sink final : ManifestSink {
    Status on_file(FileEntry&&) override { return fail(ErrorCode::exhausted, "no memory left"); }
  } sink;
  ManifestReader reader(sink, {}, {});
  const Status status = reader.feed(std::as_bytes(std::span(golden_json)));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::exhausted);
  EXPECT_NE(status.error().message.find("no memory left"), std::string::npos);
}

TEST(ManifestReading, WhatIsSkippedIsNotKept) {
  struct Sink final : ManifestSink {
    Status on_file(FileEntry&&) override { return {}; }
  } sink;
  ManifestReader reader(sink, {}, {});
  const std::string_view start = R"({"unknown":")";
  ASSERT_TRUE(reader.feed(std::as_bytes(std::span(start))));
  const std::string part(1U << 20U, 'x');
  const std::size_t before = reader.memory_bytes();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(reader.feed(std::as_bytes(std::span(part))));
  EXPECT_EQ(reader.memory_bytes(), before);
}

TEST(ManifestWriting, PacksTablesWhenThereAreManyPages) {
  Manifest manifest;
  manifest.version = 1;
  FileEntry file = oracle_entry("demo", 1, {"big", 0});
  file.size = 1'000'001;
  for (std::uint64_t i = 0; i < file.size; ++i) file.pages.push_back({i, 1, static_cast<std::uint32_t>(i)});
  manifest.files = {file};
  const std::string json = encode_manifest_json(manifest);
  EXPECT_NE(json.find(R"("requires":["packed-pages"])"), std::string::npos);
  EXPECT_LT(json.size(), 6 * file.pages.size());
  const auto decoded = decode(json);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->files, manifest.files);
}

TEST(ManifestWriting, DoesNotDependOnTheOrderGiven) {
  Manifest manifest = random_manifest(5);
  const std::string before = encode_manifest(manifest);
  std::ranges::reverse(manifest.files);
  std::ranges::reverse(manifest.tombstones);
  EXPECT_EQ(encode_manifest(manifest), before);
}

TEST(ManifestWriting, GzipHoldsTheJson) {
  const Manifest manifest = random_manifest(7, {.max_files = 3000});
  std::string json;
  GzipReader reader(200, [&](std::span<const std::byte> text) -> Status {
    json.append(reinterpret_cast<const char*>(text.data()), text.size());
    return {};
  });
  const std::string packed = encode_manifest(manifest);
  ASSERT_TRUE(reader.feed(std::as_bytes(std::span(packed))));
  ASSERT_TRUE(reader.finish());
  EXPECT_EQ(json, encode_manifest_json(manifest));
}

}  // namespace
}  // namespace seekfs::manifest
