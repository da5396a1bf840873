// Pages that the layout before this one left in a directory, one file each: found by name, read, checked, and given up
// once they are moved in. SPEC "Segmentstore" names the layout.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/sha256.h"
#include "env/file.h"
#include "l2/l2.h"
#include "manifest/page_key.h"

namespace seekfs::segmentstore {

/// SHA-256 of "ns|path|sha256:hash|" and the page id as u32, little-endian.
using LegacyName = Sha256Digest;
LegacyName legacy_name(const manifest::PageKey& key, const l2::PageFacts& facts);

/// 8 bytes of RAM a page. Thread-safe, but for scan().
class LegacyPages {
 public:
  LegacyPages(env::FileSystem& files, std::string directory, Logger& log);

  /// Learns which pages are there; before, and in a directory without such folders, there are none.
  Status scan();
  /// The name under which the page may be found; nothing when it certainly is not there. Does no I/O, and nothing at
  /// all in a directory without such pages.
  std::optional<LegacyName> find(const manifest::PageKey& key, const l2::PageFacts& facts) const;
  /// Fills `out`, which has the page's length, and checks it. False: it is not here, or is damaged, and then it is
  /// removed with a warning. Blocks.
  Result<bool> read(const LegacyName& name, std::uint32_t crc32c, std::span<std::byte> out);
  /// Removes the file, and its folders when that leaves them empty. Blocks.
  void remove(const LegacyName& name);
  /// Removes files until at least `bytes` on disk are given back or none is left; how many bytes that were. Blocks.
  std::uint64_t remove_some(std::uint64_t bytes);
  std::uint64_t size() const noexcept { return left_.load(std::memory_order_acquire); }

 private:
  Status scan_folder(const std::string& folder, const std::string& hex, std::vector<std::uint64_t>& found);
  std::string file_of(const LegacyName& name) const;
  void forget(const LegacyName& name);
  /// The file is gone or not a page; folders that it leaves empty go with it.
  void discard(const LegacyName& name);

  env::FileSystem& files_;
  const std::string directory_;
  Logger& log_;
  std::atomic<std::uint64_t> left_{0};
  mutable Mutex mutex_;
  std::vector<std::uint64_t> names_ SEEKFS_GUARDED_BY(mutex_);  ///< the first 8 bytes of each, big-endian; sorted
  std::vector<bool> gone_ SEEKFS_GUARDED_BY(mutex_);            ///< beside names_
};

}  // namespace seekfs::segmentstore
