// The rows of a blobdb: page number -> key, and page number -> header and bytes in a blob file. No header of RocksDB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "env/file.h"
#include "manifest/page_key.h"

namespace seekfs::l2 {

/// read and usage are thread-safe and run beside everything else; the others are called by one thread at a time.
/// Errors: `corrupt` when bytes on disk are not what was written, `transient`, `exhausted`, `denied` else.
class BlobRows {
 public:
  using Number = std::uint64_t;

  /// In `folder`, which is made; what is damaged there is removed. `buffer_bytes` of pages are collected in RAM, three
  /// times at most, and become one blob file.
  static Result<std::unique_ptr<BlobRows>> open(env::FileSystem& files, std::string folder, std::uint64_t buffer_bytes,
                                                Logger& log);
  virtual ~BlobRows() = default;

  /// What a page takes on disk at most, its part of all small files included.
  static constexpr std::uint64_t cost(std::uint32_t page_bytes) noexcept { return page_bytes + std::uint64_t{448}; }
  /// What RocksDB takes without a page.
  static constexpr std::uint64_t fixed_cost = 320U << 10U;

  /// In the order of their numbers.
  virtual Status each(const std::function<void(Number, const manifest::PageKey&)>& take) const = 0;
  virtual Status put(Number number, const manifest::PageKey& key, std::uint32_t crc32c,
                     std::span<const std::byte> page) = 0;
  /// Fills `out`, which has key.len bytes, and gives the CRC32C that was put with them; nothing when the row is gone.
  virtual Result<std::optional<std::uint32_t>> read(Number number, const manifest::PageKey& key,
                                                    std::span<std::byte> out) const = 0;
  virtual Status erase(std::span<const Number> numbers) = 0;
  virtual Status flush() = 0;
  /// Gives back the space of erased rows.
  virtual Status collect() = 0;
  /// Removes the folder and makes an empty one.
  virtual Status reset() = 0;

  struct Usage {
    std::uint64_t blob_files = 0;
    std::uint64_t blob_bytes = 0;
    std::uint64_t table_bytes = 0;
  };
  virtual Usage usage() const = 0;
  /// Makes the next open() begin empty.
  virtual void mark_damaged() = 0;
};

}  // namespace seekfs::l2
