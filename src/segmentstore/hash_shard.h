// One shard of the native index: an open-addressed table of 16-byte slots.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "segmentstore/page_index.h"

namespace seekfs::segmentstore {

/// 16 bytes a page. `place` holds, from the top: segment (24 bits), offset / 8 (32 bits), flags (8 bits). No segment
/// has the number 0, so an empty slot is one whose place is 0.
struct IndexSlot {
  Fingerprint fingerprint = 0;
  std::uint64_t place = 0;

  static std::uint64_t pack(Location location) noexcept {
    return std::uint64_t{location.segment} << 40U | location.offset / record_alignment << 8U;
  }
  bool empty() const noexcept { return place == 0; }
  SegmentNumber segment() const noexcept { return static_cast<SegmentNumber>(place >> 40U); }
  Location location() const noexcept { return {segment(), (place >> 8U & 0xFFFFFFFFU) * record_alignment}; }
  bool was_read() const noexcept { return (place & 1U) != 0; }
};
static_assert(sizeof(IndexSlot) == 16);

/// Linear probing with backward-shift deletion (Knuth, TAOCP 6.4, algorithm R): no tombstones, so a cache that is
/// written over and over stays as quick as a new one. Grows by half when four fifths are full: 20 to 30 bytes a page.
/// Slots lie in the order of their fingerprints, so filling a table in the order of another one runs through memory
/// once. Not thread-safe.
class HashShard {
 public:
  std::optional<Location> find(Fingerprint fingerprint) const noexcept;
  void mark_read(Fingerprint fingerprint) noexcept;
  std::optional<Location> insert(Fingerprint fingerprint, std::uint64_t place);
  bool erase(Fingerprint fingerprint, Location location) noexcept;
  bool move(Fingerprint fingerprint, Location from, Location to) noexcept;
  std::uint64_t erase_segment(SegmentNumber segment);
  void reserve(std::uint64_t count);
  void clear();

  std::uint64_t size() const noexcept { return size_; }
  /// With the empty ones.
  std::span<const IndexSlot> slots() const noexcept { return slots_; }

 private:
  std::size_t home(Fingerprint fingerprint) const noexcept;
  std::size_t next(std::size_t at) const noexcept { return at + 1 == slots_.size() ? 0 : at + 1; }
  /// The slot that has it, or slots_.size().
  std::size_t position(Fingerprint fingerprint) const noexcept;
  bool points_to(std::size_t at, Location location) const noexcept;
  void erase_at(std::size_t hole) noexcept;
  void resize(std::size_t count);

  std::vector<IndexSlot> slots_;
  std::uint64_t size_ = 0;
};

}  // namespace seekfs::segmentstore
