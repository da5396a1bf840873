// Taking what is still wanted out of a segment that is about to be freed, a little at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "segmentstore/page_index.h"
#include "segmentstore/segment.h"
#include "segmentstore/shares.h"

namespace seekfs::segmentstore {

/// What is left to do for one segment. A value, owned by the store's writing thread.
///
/// Evicting takes the oldest segment and carries over the pages that were read since they were written: first in, first
/// out with a second chance (CLOCK; Corbató 1968), for whole segments as in CacheLib's Navy ("reinsertion"; Berg et
/// al., OSDI 2020) and in the main queue of S3-FIFO (Yang et al., SOSP 2023). A page that nobody reads again leaves
/// after one round, so a scan does not push out what is used. Pages of namespaces that are spared (shares.h) are
/// carried over whether they were read or not. Compacting carries over all pages.
struct SegmentDrain {
  enum class Purpose : std::uint8_t { evict, compact };

  SegmentRef victim;
  Purpose purpose = Purpose::evict;
  std::vector<IndexEntry> entries;  ///< to carry over, by offset; with `spares`, all that may have to be
  std::size_t next = 0;
  std::uint64_t budget = 0;       ///< bytes that may still be carried over
  std::uint64_t read_budget = 0;  ///< of them, those of pages that only a read keeps
  std::uint64_t pace = 1;         ///< bytes to carry over for each that is taken in
  bool spares = false;            ///< the headers of unread pages tell whether they are carried over
  Shares shares;

  bool done() const noexcept { return next == entries.size() || budget == 0; }
};

SegmentDrain make_compaction(const PageIndex& index, SegmentRef victim, std::uint64_t budget);
SegmentDrain make_eviction(const PageIndex& index, SegmentRef segment, const Victim& victim,
                           std::uint64_t segment_size);

/// A record read back whole and checked: its header, its place and the CRC32C of its payload.
struct CheckedRecord {
  RecordHeader header;
  std::vector<std::byte> payload;
};
/// `corrupt` when it is not the record that the entry names; other Errors are the disk's.
Result<RecordHeader> read_header(const Segment& segment, const IndexEntry& entry);
Result<CheckedRecord> read_checked(const Segment& segment, const IndexEntry& entry);

}  // namespace seekfs::segmentstore
