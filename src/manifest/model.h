// The content of one manifest as plain values: what publishing builds and the codec reads and writes. The daemon serves
// from the compact form (compact.h) instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/sha256.h"

namespace seekfs::manifest {

/// A file's content hash as the manifest writes it: "algorithm:hex".
struct ContentHash {
  std::string algorithm = "sha256";
  std::string hex;
  std::string to_string() const { return algorithm + ":" + hex; }
  bool operator==(const ContentHash&) const = default;
};

struct Page {
  std::uint64_t off = 0;  ///< in the file, bytes
  std::uint32_t len = 0;  ///< 1 byte to 64 MiB
  std::uint32_t crc32c = 0;
  bool operator==(const Page&) const = default;
};

inline constexpr std::uint32_t max_page_size = 64U << 20U;
inline constexpr std::uint32_t min_page_size = 64U
                                               << 10U;  ///< of what publishing writes; a reader takes any length ≥ 1

/// Where the bytes of a file lie.
struct Storage {
  std::string key;
  std::optional<std::string> etag;  ///< with its quotes, as the store gave it
  std::optional<std::string> version_id;
  std::optional<std::string> sse;  ///< S3's own words
  std::uint64_t off = 0;           ///< where the file starts inside its object
  bool operator==(const Storage&) const = default;
};

struct FileEntry {
  std::string path;
  std::uint64_t size = 0;
  ContentHash hash;
  std::optional<std::int64_t> mtime;  ///< Unix seconds
  std::vector<Page> pages;            ///< tile [0, size) in order; empty for an empty file
  Storage storage;
  bool operator==(const FileEntry&) const = default;
};

struct Manifest {
  std::uint64_t version = 0;
  std::int64_t created_at = 0;  ///< Unix seconds
  std::vector<std::uint64_t> parents;
  std::vector<std::string> tombstones;  ///< sorted paths of the parent that this version dropped
  std::vector<FileEntry> files;         ///< sorted by path when written
  bool operator==(const Manifest&) const = default;
};

/// What v-N.info.json holds: enough for a list of versions.
struct VersionInfo {
  std::uint64_t version = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::int64_t created_at = 0;
  std::string message;
  std::string manifest_sha256;  ///< 64 hex digits of the gzip object's bytes
  bool operator==(const VersionInfo&) const = default;
};

/// The page size of a new file: 256 KiB up to 256 MiB, 1 MiB beyond, doubled while there are more than 65,536 pages.
std::uint32_t default_page_size(std::uint64_t file_size);

}  // namespace seekfs::manifest
