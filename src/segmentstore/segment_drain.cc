// Choosing what to carry over, and reading it back.
#include "segmentstore/segment_drain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crc32c.h"

namespace seekfs::segmentstore {
namespace {

std::unexpected<Error> wrong(const Segment& segment, const IndexEntry& entry, std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("{} at {}: {}", segment.path(), entry.location.offset, what));
}

}  // namespace

SegmentDrain make_compaction(const PageIndex& index, SegmentRef victim, std::uint64_t budget) {
  SegmentDrain drain{.purpose = SegmentDrain::Purpose::compact, .budget = budget, .read_budget = budget};
  drain.entries = index.entries_of(victim->number());
  drain.victim = std::move(victim);
  return drain;
}

SegmentDrain make_eviction(const PageIndex& index, SegmentRef segment, const Victim& victim,
                           std::uint64_t segment_size) {
  const std::uint64_t expected = victim.spared_bytes + victim.unknown_bytes;
  SegmentDrain drain{.budget = segment_size / 2, .read_budget = segment_size / 2, .shares = victim.shares};
  drain.spares = victim.shares.any() && expected > 0;
  if (drain.spares) {
    drain.budget = segment_size / 4 * 3;
    // What is spared comes first, wherever in the segment it lies.
    drain.read_budget = std::min(drain.read_budget, drain.budget - std::min(drain.budget, victim.spared_bytes));
    // A victim of which x is carried over frees 1 - x: for each byte that is taken in, x / (1 - x) are to be carried.
    if (2 * expected > segment_size) drain.pace = 3;
  }
  drain.entries = index.entries_of(segment->number());
  if (!drain.spares) std::erase_if(drain.entries, [](const IndexEntry& entry) { return !entry.was_read; });
  drain.victim = std::move(segment);
  return drain;
}

Result<RecordHeader> read_header(const Segment& segment, const IndexEntry& entry) {
  HeaderBytes bytes;
  SEEKFS_ASSIGN(const bool whole, read_record(segment.file(), entry.location.offset, bytes, {}));
  if (!whole) return wrong(segment, entry, "the file ends before the record");
  const auto header = decode_in_place(bytes, segment.identity(), entry.location.offset);
  if (!header) return wrong(segment, entry, "there is no record of this segment");
  if (fingerprint(header->key) != entry.fingerprint) return wrong(segment, entry, "the record is another page's");
  return *header;
}

Result<CheckedRecord> read_checked(const Segment& segment, const IndexEntry& entry) {
  SEEKFS_ASSIGN(const RecordHeader header, read_header(segment, entry));
  CheckedRecord record{header, std::vector<std::byte>(header.key.len)};
  SEEKFS_ASSIGN(const std::size_t count,
                segment.file().read_at(entry.location.offset + record_header_size, record.payload));
  if (count < record.payload.size()) return wrong(segment, entry, "the file ends within the page");
  if (crc32c(record.payload) != header.payload_crc32c) return wrong(segment, entry, "the page fails its CRC32C");
  return record;
}

}  // namespace seekfs::segmentstore
