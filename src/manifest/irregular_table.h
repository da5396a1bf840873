// A page table whose pages have any lengths, at 8 bytes a page: the CRC and the low half of the offset.
#pragma once

#include <cstdint>
#include <span>

#include "manifest/growing_buffer.h"
#include "manifest/model.h"

namespace seekfs::manifest {

/// A view of a table among the words of a manifest:
///   count | carries | first page of high half 1 … carries | low half of each offset | each CRC
/// A page is at most 64 MiB, so each high half up to the last page's occurs, and the pages that begin in one follow
/// each other.
class IrregularTable {
 public:
  /// Appends the table of `pages`, which tile the file and are not empty.
  static void append(GrowingBuffer<std::uint32_t>& words, std::span<const Page> pages);

  explicit IrregularTable(const std::uint32_t* words) noexcept : words_(words) {}
  std::uint32_t count() const noexcept { return words_[0]; }
  Page page(std::uint32_t page_id, std::uint64_t file_size) const noexcept;
  /// The page that holds byte `off`, which is less than the file's size.
  std::uint32_t page_at(std::uint64_t off) const noexcept;

 private:
  std::span<const std::uint32_t> carries() const noexcept { return {words_ + 2, words_[1]}; }
  const std::uint32_t* offsets() const noexcept { return words_ + 2 + words_[1]; }
  const std::uint32_t* crcs() const noexcept { return offsets() + count(); }
  std::uint64_t offset(std::uint32_t page_id) const noexcept;

  const std::uint32_t* words_;
};

}  // namespace seekfs::manifest
