// Where a page lies in a store, and the 64 bits that stand for it in the index.
#pragma once

#include <cstdint>

#include "manifest/page_key.h"

namespace seekfs::segmentstore {

/// Names a segment's file, data-NNNNN.seg. Counted up from 1 and never used twice in a store, so that an entry of a
/// freed segment can never point into a newer one.
using SegmentNumber = std::uint32_t;
inline constexpr SegmentNumber max_segment_number = (1U << 24U) - 1;

/// Records begin on multiples of this, which lets an index entry hold offsets in 32 bits.
inline constexpr std::uint64_t record_alignment = 8;
inline constexpr std::uint64_t max_segment_size = record_alignment << 32U;

/// A record's place. A value.
struct Location {
  SegmentNumber segment = 0;
  std::uint64_t offset = 0;  ///< of the record's header in its segment, bytes
  bool operator==(const Location&) const = default;
};

/// Stands for a page in the index. Two pages may share one, about once in 2^64 pairs: then one of them is not found,
/// since the record says which page it is. On disk in footers and snapshots: it never changes.
using Fingerprint = std::uint64_t;
Fingerprint fingerprint(const manifest::PageKey& key) noexcept;

}  // namespace seekfs::segmentstore
