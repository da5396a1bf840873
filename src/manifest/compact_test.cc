// The compact form against the plain model, and what it costs.
#include "manifest/compact.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "manifest/irregular_table.h"
#include "manifest/layout.h"
#include "manifest/manifest_testing.h"

namespace seekfs::manifest {
namespace {

using Compact = std::shared_ptr<const CompactManifest>;

Result<Compact> load(std::string_view bytes, std::size_t piece = 1U << 18U) {
  CompactLoader loader("demo", std::nullopt, {});
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    SEEKFS_TRY(loader.feed(std::as_bytes(std::span(bytes.substr(at, piece)))));
  }
  return loader.finish();
}

void expect_same(const CompactManifest& compact, const Manifest& plain) {
  EXPECT_EQ(compact.version(), plain.version);
  EXPECT_EQ(compact.header().created_at, plain.created_at);
  EXPECT_EQ(compact.header().parents, plain.parents);
  EXPECT_EQ(compact.header().tombstones, plain.tombstones);
  ASSERT_EQ(compact.file_count(), plain.files.size());
  std::uint64_t bytes = 0;
  std::uint64_t pages = 0;
  for (FileIndex i = 0; i < compact.file_count(); ++i) {
    const FileEntry& file = plain.files[i];
    ASSERT_EQ(compact.entry(i), file) << file.path;
    EXPECT_EQ(compact.find(file.path), i);
    std::string hex;
    compact.hash_hex(i, hex);
    EXPECT_EQ(hex, file.hash.hex);
    bytes += file.size;
    pages += file.pages.size();
  }
  EXPECT_EQ(compact.total_bytes(), bytes);
  EXPECT_EQ(compact.page_count(), pages);
}

TEST(Compact, EqualsThePlainModel) {
  for (std::uint64_t seed = 0; seed < manifest_seeds; ++seed) {
    const Manifest manifest = random_manifest(seed);
    const auto made = make_compact("demo", manifest);
    ASSERT_TRUE(made) << made.error().message;
    expect_same(**made, manifest);
    const auto loaded = load(encode_manifest(manifest, {seed % 2 == 0}), 1 + seed);
    ASSERT_TRUE(loaded) << loaded.error().message;
    expect_same(**loaded, manifest);
  }
}

TEST(Compact, KeysOfAnotherNamespaceAreKept) {
  const Manifest manifest = random_manifest(11);
  const auto made = make_compact("other", manifest);
  ASSERT_TRUE(made);
  expect_same(**made, manifest);
}

TEST(Compact, FilesMayComeInAnyOrder) {
  const Manifest manifest = random_manifest(3);
  ASSERT_GT(manifest.files.size(), 5U);
  Manifest shuffled = manifest;
  std::ranges::shuffle(shuffled.files, std::mt19937_64(1));
  const auto made = make_compact("demo", shuffled);
  ASSERT_TRUE(made);
  expect_same(**made, manifest);
}

TEST(Compact, PageAtAgreesWithALinearSearch) {
  std::mt19937_64 random(1);
  for (std::uint64_t seed = 0; seed < manifest_seeds; ++seed) {
    const Manifest manifest = random_manifest(seed);
    const auto made = make_compact("demo", manifest);
    ASSERT_TRUE(made);
    for (FileIndex i = 0; i < manifest.files.size(); ++i) {
      const FileEntry& file = manifest.files[i];
      const auto linear = [&](std::uint64_t off) {
        const auto holds = [off](const Page& page) { return off >= page.off && off - page.off < page.len; };
        return std::ranges::find_if(file.pages, holds) - file.pages.begin();
      };
      for (const Page& page : file.pages) {
        for (const std::uint64_t off : {page.off, page.off + page.len - 1, page.off + random() % page.len}) {
          ASSERT_EQ((*made)->page_at(i, off), linear(off)) << file.path << " at " << off;
        }
      }
    }
  }
}

/// A file of `size` bytes in pages of changing lengths.
FileEntry irregular_file(std::uint64_t size, std::uint32_t longest) {
  FileEntry file = oracle_entry("demo", 1, {"big", 0});
  file.size = size;
  std::mt19937_64 random(7);
  for (std::uint64_t off = 0; off < size;) {
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(longest - random() % 1000, size - off));
    file.pages.push_back({off, length, static_cast<std::uint32_t>(random())});
    off += length;
  }
  return file;
}

TEST(Compact, IrregularTablesBeyondFourGiB) {
  constexpr std::uint64_t four_gib = std::uint64_t{1} << 32U;
  for (const std::uint64_t size : {four_gib - 1, four_gib, four_gib + 1, 3 * four_gib, 5 * four_gib + 12345}) {
    Manifest manifest;
    manifest.version = 1;
    manifest.files = {irregular_file(size, max_page_size)};
    const auto made = make_compact("demo", manifest);
    ASSERT_TRUE(made);
    expect_same(**made, manifest);
    for (std::uint32_t i = 0; i < manifest.files[0].pages.size(); ++i) {
      const Page& page = manifest.files[0].pages[i];
      ASSERT_EQ((*made)->page_at(0, page.off), i);
      ASSERT_EQ((*made)->page_at(0, page.off + page.len - 1), i);
    }
  }
}

TEST(Compact, APageThatBeginsJustAtFourGiB) {
  Manifest manifest;
  manifest.version = 1;
  FileEntry file = oracle_entry("demo", 1, {"big", 0});
  file.pages = {{0, max_page_size - 1, 1}, {max_page_size - 1, 1, 2}};
  for (std::uint64_t i = 1; i < 130; ++i) file.pages.push_back({i * max_page_size, max_page_size, 7});
  file.size = 130ULL * max_page_size;
  manifest.files = {file};
  const auto made = make_compact("demo", manifest);
  ASSERT_TRUE(made);
  expect_same(**made, manifest);
  constexpr std::uint64_t four_gib = std::uint64_t{1} << 32U;
  EXPECT_EQ((*made)->page_at(0, four_gib - 1), 64U);
  EXPECT_EQ((*made)->page_at(0, four_gib), 65U);
  EXPECT_EQ((*made)->page(0, 65).off, four_gib);
}

TEST(Compact, FindsOnlyWhatIsThere) {
  Manifest manifest;
  manifest.version = 1;
  for (const char* path : {"a/b", "a-b", "b", "ü"}) manifest.files.push_back(oracle_entry("demo", 1, {path, 1}));
  const auto made = make_compact("demo", manifest);
  ASSERT_TRUE(made);
  const CompactManifest& compact = **made;
  for (const char* path : {"", "a", "a/", "a/b/", "a/bc", "c", "zzz"})
    EXPECT_EQ(compact.find(path), std::nullopt) << path;
  EXPECT_EQ(compact.find("a-b"), 0U);
  EXPECT_EQ(compact.find("ü"), 3U) << "bytes order as unsigned";
  EXPECT_EQ(compact.lower_bound(""), 0U);
  EXPECT_EQ(compact.lower_bound("a/"), 1U);
  EXPECT_EQ(compact.lower_bound("a0"), 2U);
  EXPECT_EQ(compact.lower_bound("\xFF"), 4U);
}

TEST(Compact, AnEmptyManifestAndAnEmptyFile) {
  Manifest manifest;
  manifest.version = 1;
  const auto none = make_compact("demo", manifest);
  ASSERT_TRUE(none);
  EXPECT_EQ((*none)->file_count(), 0U);
  EXPECT_EQ((*none)->find("a"), std::nullopt);
  EXPECT_EQ((*none)->lower_bound("a"), 0U);
  manifest.files = {oracle_entry("demo", 1, {"empty", 0})};
  const auto one = make_compact("demo", manifest);
  ASSERT_TRUE(one);
  EXPECT_EQ((*one)->page_count(0), 0U);
  expect_same(**one, manifest);
}

std::string conflict(std::vector<std::string> paths) {
  Manifest manifest;
  manifest.version = 5;
  for (const std::string& path : paths) manifest.files.push_back(oracle_entry("demo", 5, {path, 0}));
  const auto made = make_compact("demo", manifest);
  if (made) return "none";
  EXPECT_EQ(made.error().code, ErrorCode::unsupported_manifest);
  return made.error().message;
}

TEST(Compact, PathsThatExcludeEachOther) {
  EXPECT_EQ(conflict({"a", "b", "a"}), "manifest v-5: files 'a': path: is there twice");
  EXPECT_EQ(conflict({"a/b", "a"}), "manifest v-5: files 'a': path: is a directory of 'a/b'");
  EXPECT_EQ(conflict({"a", "a!", "a-b", "a.c/d", "a/b"}), "manifest v-5: files 'a': path: is a directory of 'a/b'");
  EXPECT_EQ(conflict({"x", "a/b", "a/b-", "a/b-/c", "a/b/c/d"}),
            "manifest v-5: files 'a/b-': path: is a directory of 'a/b-/c'");
  EXPECT_EQ(conflict({"a", "a-", "a-b/c", "a0", "ab", "b/a"}), "none");
}

/// A data set as people have them: shards and small files in a few directories, with the ETags of an S3 server.
Manifest realistic(std::size_t files, std::uint64_t pages_per_file) {
  Manifest manifest;
  manifest.version = 1;
  std::mt19937_64 random(3);
  for (std::size_t i = 0; i < files; ++i) {
    FileEntry file;
    file.path = fmt::format("train/part-{:03}/sample-{:09}.jpg", i % 100, i);
    file.mtime = 1763700000;
    const Sha256Digest digest = sha256(file.path);
    file.hash.hex = digest.hex();
    file.storage.key = object_key("demo", digest);
    file.size = pages_per_file * 262'144 - 1;
    for (std::uint64_t page = 0; page < pages_per_file; ++page) {
      file.pages.push_back(
          {page * 262'144, page + 1 == pages_per_file ? 262'143U : 262'144U, static_cast<std::uint32_t>(random())});
    }
    manifest.files.push_back(std::move(file));
  }
  return manifest;
}

TEST(CompactMemory, AFileCostsItsPathAndAHundredBytes) {
  const Manifest manifest = realistic(5'000, 1);
  const auto loaded = load(encode_manifest(manifest));
  ASSERT_TRUE(loaded);
  std::size_t paths = 0;
  for (const FileEntry& file : manifest.files) paths += file.path.size();
  const std::size_t pages = 8 * (*loaded)->page_count();
  EXPECT_LE((*loaded)->memory_bytes(), paths + 100 * manifest.files.size() + pages + 4096);
  EXPECT_GE((*loaded)->memory_bytes(), paths + 32 * manifest.files.size()) << "at least paths and hashes are held";
}

TEST(CompactMemory, AUniformPageCostsFourBytesAndAnyEight) {
  Manifest manifest = realistic(1, 50'000);
  const auto uniform = load(encode_manifest(manifest));
  ASSERT_TRUE(uniform);
  EXPECT_LE((*uniform)->memory_bytes(), 4 * 50'000U + 4096);
  manifest.files = {irregular_file(std::uint64_t{50'000} * 100'000, 100'500)};
  const auto irregular = load(encode_manifest(manifest));
  ASSERT_TRUE(irregular);
  EXPECT_LE((*irregular)->memory_bytes(), 8 * (*irregular)->page_count() + 4096);
}

TEST(CompactMemory, TheLoaderTellsWhatItHolds) {
  CompactLoader loader("demo", std::nullopt, {});
  const std::string json = encode_manifest_json(realistic(5'000, 1));
  const std::size_t before = loader.memory_bytes();
  ASSERT_TRUE(loader.feed(std::as_bytes(std::span(json))));
  const std::size_t full = loader.memory_bytes();
  const auto finished = loader.finish();
  ASSERT_TRUE(finished);
  EXPECT_GE(full, (*finished)->memory_bytes());
  EXPECT_LE(full - before, (*finished)->memory_bytes() * 13 / 10) << "growing costs a quarter at most";
}

}  // namespace
}  // namespace seekfs::manifest
