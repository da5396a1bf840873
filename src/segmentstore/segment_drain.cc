// Choosing what to carry over, and reading it back.
#include "segmentstore/segment_drain.h"

#include <fmt/format.h>

#include "base/crc32c.h"

namespace seekfs::segmentstore {
namespace {

std::unexpected<Error> wrong(const Segment& segment, const IndexEntry& entry, std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("{} at {}: {}", segment.path(), entry.location.offset, what));
}

}  // namespace

SegmentDrain make_drain(const PageIndex& index, SegmentRef victim, SegmentDrain::Purpose purpose,
                        std::uint64_t budget) {
  SegmentDrain drain{.victim = std::move(victim), .purpose = purpose, .budget = budget};
  drain.entries = index.entries_of(drain.victim->number());
  if (purpose == SegmentDrain::Purpose::evict) {
    std::erase_if(drain.entries, [](const IndexEntry& entry) { return !entry.was_read; });
  }
  return drain;
}

Result<CheckedRecord> read_checked(const Segment& segment, const IndexEntry& entry) {
  HeaderBytes bytes;
  SEEKFS_ASSIGN(const bool whole, read_record(segment.file(), entry.location.offset, bytes, {}));
  if (!whole) return wrong(segment, entry, "the file ends before the record");
  const auto header = decode_in_place(bytes, segment.identity(), entry.location.offset);
  if (!header) return wrong(segment, entry, "there is no record of this segment");
  if (fingerprint(header->key) != entry.fingerprint) return wrong(segment, entry, "the record is another page's");
  CheckedRecord record{*header, std::vector<std::byte>(header->key.len)};
  SEEKFS_ASSIGN(const std::size_t count,
                segment.file().read_at(entry.location.offset + record_header_size, record.payload));
  if (count < record.payload.size()) return wrong(segment, entry, "the file ends within the page");
  if (crc32c(record.payload) != header->payload_crc32c) return wrong(segment, entry, "the page fails its CRC32C");
  return record;
}

}  // namespace seekfs::segmentstore
