// The cache of file keys: the same keys as the hash, whatever was asked for before.
#include "reader/file_key_cache.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "manifest/manifest_testing.h"

namespace seekfs::reader {
namespace {

std::shared_ptr<const manifest::CompactManifest> load(const std::string& ns, std::uint64_t version,
                                                      const std::vector<manifest::OracleFile>& files) {
  return *manifest::make_compact(ns, manifest::oracle_manifest(ns, version, files));
}

FileRef file_of(const std::string& ns, std::shared_ptr<const manifest::CompactManifest> manifest,
                manifest::FileIndex index) {
  return {std::make_shared<const std::string>(ns), std::move(manifest), index};
}

manifest::FileKey expected_key(const FileRef& file) {
  std::string path;
  std::string hash;
  file.manifest().path(file.index(), path);
  file.manifest().hash_hex(file.index(), hash);
  return manifest::make_file_key(file.ns(), path, hash);
}

TEST(FileKeyCache, GivesTheKeysOfFilesThatShareItsPlaces) {
  const std::vector<manifest::OracleFile> files = {{"a", 10, 4}, {"b", 20, 4}, {"c", 30, 4}, {"d/e", 40, 4}};
  std::vector<FileRef> all;
  for (const std::string ns : {"demo", "other"}) {
    for (const std::uint64_t version : {1, 2}) {
      const auto manifest = load(ns, version, files);
      for (manifest::FileIndex i = 0; i < files.size(); ++i) all.push_back(file_of(ns, manifest, i));
    }
  }
  FileKeyCache cache(3);
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const FileRef& file = all[random() % all.size()];
    ASSERT_EQ(cache.get(file), expected_key(file));
    ASSERT_EQ(cache.get(file), expected_key(file));
  }
}

/// A manifest that was unloaded may leave its address to another one.
TEST(FileKeyCache, IsNotMisledByAManifestInThePlaceOfAnother) {
  FileKeyCache cache;
  for (std::uint64_t version = 1; version <= 50; ++version) {
    const FileRef file = file_of("demo", load("demo", version, {{"a", 10, 4}}), 0);
    ASSERT_EQ(cache.get(file), expected_key(file));
  }
}

}  // namespace
}  // namespace seekfs::reader
