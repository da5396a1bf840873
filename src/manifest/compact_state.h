// How the compact form lies in memory: one record a file, sorted by path, and three arrays that records point into.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "manifest/codec.h"
#include "manifest/compact.h"
#include "manifest/extras.h"
#include "manifest/growing_buffer.h"

namespace seekfs::manifest {

/// How a file's key is found.
enum class KeyForm : std::uint8_t { by_hash, by_path, by_path_and_hash, stored };
enum class EtagForm : std::uint8_t { none, quoted_hash, stored };

inline constexpr std::int64_t no_mtime = std::numeric_limits<std::int64_t>::min();
inline constexpr std::uint64_t no_extras = std::numeric_limits<std::uint64_t>::max();

struct FileRecord {
  std::uint64_t path_at = 0;  ///< in CompactManifest::State::paths
  std::uint64_t size = 0;
  std::int64_t mtime = no_mtime;
  std::uint64_t words_at = 0;   ///< in words: the CRCs of a uniform table; else an IrregularTable
  std::uint64_t extras_at = 0;  ///< in extras; or no_extras
  std::uint32_t page_size = 0;  ///< of all pages but the last; 0: irregular
  std::uint16_t path_length = 0;
  KeyForm key = KeyForm::stored;
  EtagForm etag = EtagForm::none;
  std::array<std::byte, 32> hash{};  ///< of sha256; else all 0 and the hash is in extras
};
static_assert(sizeof(FileRecord) == 80);

struct CompactManifest::State {
  std::string ns;
  ManifestHeader header;
  GrowingBuffer<FileRecord> files;
  GrowingBuffer<char> paths;
  GrowingBuffer<std::uint32_t> words;
  GrowingBuffer<char> extras;  ///< see extras.h
  std::uint64_t total_bytes = 0;
  std::uint64_t page_count = 0;

  std::string_view path(const FileRecord& file) const noexcept {
    return {paths.items().data() + file.path_at, file.path_length};
  }
  /// What `file` has beyond its record; the views live as long as this.
  Extras extras_of(const FileRecord& file) const;
  std::string key_of(const FileRecord& file, const Extras& file_extras) const;
  std::size_t memory_bytes() const noexcept;
};

}  // namespace seekfs::manifest
