// Which pages were read, in at most a byte a page: one bit by hash, so that two pages may share one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "segmentstore/location.h"

namespace seekfs::segmentstore {

/// Sharing a bit costs little either way: a page that another one's read marks is carried over once more, and one that
/// another one's arrival unmarks is fetched again when it is wanted. With 8 bits a page at least seven of eight are
/// right. Not thread-safe.
class ReadMarks {
 public:
  ReadMarks() : words_(smallest) {}

  /// Makes room for so many pages; never shrinks. Marks stay.
  void grow(std::uint64_t pages) {
    while (words_.size() * 8 < pages && words_.size() < largest) {
      const std::size_t half = words_.size();
      words_.resize(2 * half);
      for (std::size_t i = 0; i < half; ++i) words_[half + i] = words_[i];
    }
  }
  void set(Fingerprint fingerprint) noexcept { words_[word_of(fingerprint)] |= bit_of(fingerprint); }
  void clear(Fingerprint fingerprint) noexcept { words_[word_of(fingerprint)] &= ~bit_of(fingerprint); }
  bool test(Fingerprint fingerprint) const noexcept {
    return (words_[word_of(fingerprint)] & bit_of(fingerprint)) != 0;
  }
  void clear() { words_.assign(smallest, 0); }
  std::uint64_t memory_bytes() const noexcept { return words_.size() * sizeof(std::uint64_t); }

 private:
  static constexpr std::size_t smallest = std::size_t{1} << 13U;  // 64 KiB
  static constexpr std::size_t largest = std::size_t{1} << 24U;   // 128 MiB

  /// Spread again, whatever the fingerprint is made of; the word comes from low bits, so that growth keeps marks.
  static std::uint64_t spread(Fingerprint fingerprint) noexcept {
    const std::uint64_t mixed = (fingerprint ^ (fingerprint >> 32U)) * 0x9E3779B97F4A7C15U;
    return mixed ^ (mixed >> 29U);
  }
  std::size_t word_of(Fingerprint fingerprint) const noexcept {
    return (spread(fingerprint) >> 6U) & (words_.size() - 1);
  }
  static std::uint64_t bit_of(Fingerprint fingerprint) noexcept {
    return std::uint64_t{1} << (spread(fingerprint) & 63U);
  }

  std::vector<std::uint64_t> words_;
};

}  // namespace seekfs::segmentstore
