// The end of a sealed segment: what it holds, so that a lost index is rebuilt without reading the records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "env/file.h"
#include "segmentstore/location.h"

namespace seekfs::segmentstore {

struct FooterEntry {
  Fingerprint fingerprint = 0;
  std::uint64_t offset = 0;  ///< of the record's header
  std::uint32_t length = 0;  ///< of its payload
  bool operator==(const FooterEntry&) const = default;
};

/// Which segment of which store a footer belongs to.
struct SegmentIdentity {
  std::uint64_t store_id = 0;
  SegmentNumber number = 0;
  bool operator==(const SegmentIdentity&) const = default;
};

/// The last 64 bytes of the file.
struct Trailer {
  SegmentIdentity identity;
  std::uint64_t data_end = 0;  ///< where the records end, bytes
  std::uint64_t entries = 0;
  std::uint32_t entries_crc32c = 0;
};

inline constexpr std::size_t trailer_size = 64;
inline constexpr std::size_t footer_entry_size = 16;

/// Entries begin at the first multiple of record_alignment that is not before the data's end.
constexpr std::uint64_t footer_begin(std::uint64_t data_end) noexcept {
  return (data_end + record_alignment - 1) / record_alignment * record_alignment;
}
constexpr std::uint64_t footer_size(std::uint64_t entries) noexcept {
  return entries * footer_entry_size + trailer_size;
}

/// Entries and trailer as they follow footer_begin(data_end).
std::vector<std::byte> encode_footer(SegmentIdentity identity, std::uint64_t data_end,
                                     const std::vector<FooterEntry>& entries);
/// `corrupt` when the file does not end in a trailer of exactly this segment.
Result<Trailer> read_trailer(env::File& file, std::uint64_t file_size, SegmentIdentity expected);
/// `corrupt` when the entries are not those that were written.
Result<std::vector<FooterEntry>> read_footer_entries(env::File& file, const Trailer& trailer);
/// One of them, number `index`, which is below trailer.entries; nobody has checked it.
Result<FooterEntry> read_footer_entry(env::File& file, const Trailer& trailer, std::uint64_t index);

}  // namespace seekfs::segmentstore
