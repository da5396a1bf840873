// The oracle and the generator of manifests.
#include "manifest/manifest_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "base/crc32c.h"
#include "base/sha256.h"
#include "manifest/layout.h"

namespace seekfs::manifest {
namespace {

/// SplitMix64's output function (Steele, Lea, Flood 2014): well mixed, and any word costs the same.
std::uint64_t mix_word(std::uint64_t word) {
  word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
  word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
  return word ^ (word >> 31U);
}

std::uint64_t oracle_seed(std::string_view ns, std::string_view path, std::uint64_t version) {
  const Sha256Digest digest = sha256(fmt::format("{}|{}|{}", ns, path, version));
  std::uint64_t seed = 0;
  std::memcpy(&seed, digest.bytes.data(), sizeof seed);
  return seed;
}

}  // namespace

void oracle_bytes(std::string_view ns, std::string_view path, std::uint64_t version, std::uint64_t off,
                  std::span<std::byte> out) {
  const std::uint64_t seed = oracle_seed(ns, path, version);
  while (!out.empty()) {
    const std::uint64_t word = mix_word(seed + (off / 8 + 1) * 0x9E3779B97F4A7C15U);
    const std::size_t begin = off % 8;
    const std::size_t count = std::min(out.size(), sizeof word - begin);
    std::memcpy(out.data(), reinterpret_cast<const std::byte*>(&word) + begin, count);
    off += count;
    out = out.subspan(count);
  }
}

std::string oracle_content(std::string_view ns, std::string_view path, std::uint64_t version, std::uint64_t size) {
  std::string content(size, '\0');
  oracle_bytes(ns, path, version, 0, std::as_writable_bytes(std::span(content)));
  return content;
}

FileEntry oracle_entry(std::string_view ns, std::uint64_t version, const OracleFile& file) {
  FileEntry entry;
  entry.path = file.path;
  entry.size = file.size;
  Sha256 hasher;
  std::vector<std::byte> bytes;
  for (std::uint64_t off = 0; off < file.size; off += file.page_size) {
    bytes.resize(std::min<std::uint64_t>(file.page_size, file.size - off));
    oracle_bytes(ns, file.path, version, off, bytes);
    hasher.update(std::span<const std::byte>(bytes));
    entry.pages.push_back({off, static_cast<std::uint32_t>(bytes.size()), crc32c(bytes)});
  }
  const Sha256Digest digest = hasher.finish();
  entry.hash.hex = digest.hex();
  entry.storage.key = object_key(ns, digest);
  return entry;
}

Manifest oracle_manifest(std::string_view ns, std::uint64_t version, const std::vector<OracleFile>& files) {
  Manifest manifest;
  manifest.version = version;
  manifest.created_at = 1'763'800'000;
  if (version > 1) manifest.parents = {version - 1};
  for (const OracleFile& file : files) manifest.files.push_back(oracle_entry(ns, version, file));
  std::ranges::sort(manifest.files, {}, &FileEntry::path);
  return manifest;
}

namespace {

class ManifestGenerator {
 public:
  ManifestGenerator(std::uint64_t seed, const RandomManifestOptions& options) : random_(seed), options_(options) {}

  Manifest generate() {
    Manifest manifest;
    manifest.version = 1 + below(1000);
    manifest.created_at = static_cast<std::int64_t>(below(std::uint64_t{1} << 40U));
    for (std::uint64_t i = below(3); i > 0; --i) manifest.parents.push_back(1 + below(1000));
    const std::size_t files = below(options_.max_files + 1);
    for (std::size_t i = 0; i < files; ++i) manifest.files.push_back(file(new_path(i)));
    const std::size_t dropped = below(4);
    for (std::size_t i = 0; i < dropped; ++i) manifest.tombstones.push_back(new_path(files + i));
    std::ranges::sort(manifest.files, {}, &FileEntry::path);
    std::ranges::sort(manifest.tombstones);
    return manifest;
  }

 private:
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  bool chance(std::uint64_t percent) { return below(100) < percent; }

  std::string hex(std::size_t digits) {
    std::string text;
    for (std::size_t i = 0; i < digits; ++i) text += "0123456789abcdef"[below(16)];
    return text;
  }

  /// No directory is ever a file's name, since only the last segment holds the number.
  std::string new_path(std::size_t number) {
    static constexpr std::array<std::string_view, 6> directories = {"train/", "träin/", "a b/",
                                                                    "日本/",  "a/b/c/", "\"q\\/"};
    static constexpr std::array<std::string_view, 6> names = {"shard", "ünï", "🗂", "x%20y", "-", "'"};
    std::string path;
    for (std::uint64_t depth = below(4); depth > 0; --depth) path += directories[below(directories.size())];
    path += names[below(names.size())];
    if (chance(3)) path += std::string(200, 'l');
    return path + fmt::format("{}.tar", number);
  }

  std::vector<Page> uniform_pages(std::uint64_t& size) {
    const std::uint64_t count = 1 + below(options_.max_pages_per_file);
    const auto length = static_cast<std::uint32_t>(chance(20) ? max_page_size : 1 + below(1U << 20U));
    std::vector<Page> pages;
    size = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto last = static_cast<std::uint32_t>(1 + below(length));
      pages.push_back({size, i + 1 == count ? last : length, static_cast<std::uint32_t>(random_())});
      size += pages.back().len;
    }
    return pages;
  }

  std::vector<Page> irregular_pages(std::uint64_t& size) {
    const std::uint64_t count = 2 + below(options_.max_pages_per_file * (chance(20) ? 10 : 1));
    const std::uint64_t longest = chance(50) ? max_page_size : 100;
    std::vector<Page> pages;
    size = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto length = static_cast<std::uint32_t>(1 + below(longest));
      pages.push_back({size, length, static_cast<std::uint32_t>(random_())});
      size += length;
    }
    return pages;
  }

  Storage storage(const FileEntry& entry, const Sha256Digest& digest) {
    Storage storage;
    switch (below(5)) {
      case 0: storage.key = file_key("demo", entry.path); break;
      case 1: storage.key = file_key("demo", entry.path, digest); break;
      case 2: storage.key = fmt::format("elsewhere/{}", entry.path); break;
      default: storage.key = object_key("demo", digest);
    }
    if (chance(30)) {
      storage.etag = fmt::format("\"{}\"", entry.hash.hex);
    } else if (chance(60)) {
      storage.etag = chance(10) ? "" : fmt::format("\"{}-{}\"", hex(32), below(100));
    }
    if (chance(20)) storage.version_id = hex(32);
    if (chance(10)) storage.sse = chance(50) ? "AES256" : "aws:kms";
    if (chance(10)) storage.off = random_() >> 1U;
    return storage;
  }

  FileEntry file(std::string path) {
    FileEntry entry;
    entry.path = std::move(path);
    if (!chance(10)) entry.pages = chance(60) ? uniform_pages(entry.size) : irregular_pages(entry.size);
    if (chance(70)) entry.mtime = static_cast<std::int64_t>(below(std::uint64_t{1} << 33U));
    const Sha256Digest digest = sha256(fmt::format("{}{}", entry.path, random_()));
    entry.hash.hex = digest.hex();
    if (chance(10)) entry.hash = {"blake3", hex(chance(50) ? 64 : 40)};
    entry.storage = storage(entry, digest);
    return entry;
  }

  std::mt19937_64 random_;
  RandomManifestOptions options_;
};

}  // namespace

Manifest random_manifest(std::uint64_t seed, const RandomManifestOptions& options) {
  return ManifestGenerator(seed, options).generate();
}

}  // namespace seekfs::manifest
