// The name of a page in every cache: which file content, which part of it. Docs: SPEC "Segmentstore".
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>

#include "base/sha256.h"

namespace seekfs::manifest {

/// SHA-256 of "ns|path|hash|" (UTF-8; the hash as lower-case hex without its algorithm).
using FileKey = Sha256Digest;
FileKey make_file_key(std::string_view ns, std::string_view path, std::string_view hash_hex);

/// Two versions of a data set that hold the same file with different page tables have different page keys.
struct PageKey {
  FileKey file;
  std::uint32_t page_id = 0;
  std::uint64_t off = 0;  ///< in the file, bytes
  std::uint32_t len = 0;
  auto operator<=>(const PageKey&) const = default;
};

/// 64 well-mixed bits of the key, for shards and hash tables (the file key is a hash already).
inline std::uint64_t mix(const PageKey& key) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, key.file.bytes.data(), sizeof word);
  word ^= (std::uint64_t{key.page_id} + 1) * 0x9E3779B97F4A7C15U;
  word ^= word >> 32U;
  word *= 0xD6E8FEB86659FD93U;
  return word ^ (word >> 32U);
}

struct PageKeyHash {
  std::size_t operator()(const PageKey& key) const noexcept { return mix(key); }
};

}  // namespace seekfs::manifest
