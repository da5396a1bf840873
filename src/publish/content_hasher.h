// One pass over a file's bytes that gives its SHA-256 and the CRC32C of each page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/sha256.h"
#include "manifest/model.h"
#include "publish/hash_cache.h"

namespace seekfs::publish {

/// Fed in order, in pieces of any size. One thread at a time.
class ContentHasher {
 public:
  /// page_size > 0.
  explicit ContentHasher(std::uint32_t page_size) : page_size_(page_size) {}

  void update(std::span<const std::byte> data);
  std::uint64_t size() const noexcept { return size_; }
  /// Of all that was fed; call once.
  HashedContent finish();

 private:
  Sha256 sha_;
  const std::uint32_t page_size_;
  std::uint64_t size_ = 0;
  std::uint32_t page_crc_ = 0;
  std::uint32_t page_fill_ = 0;
  std::vector<std::uint32_t> crcs_;
};

/// The page table of a file of `size` bytes.
std::vector<manifest::Page> make_page_table(std::uint64_t size, const HashedContent& content);

/// The page size of a new file: `chosen` where there is one, else by the file's size.
std::uint32_t page_size_for(std::uint64_t file_size, std::optional<std::uint32_t> chosen);

}  // namespace seekfs::publish
