// A record: 128 bytes of header, then a page's bytes. The header says what the page is and where it lies, so that bytes
// in the wrong place are never taken for another page. docs/SEGMENTSTORE.md gives it byte by byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "manifest/page_key.h"
#include "segmentstore/location.h"
#include "segmentstore/tenant.h"

namespace seekfs::segmentstore {

inline constexpr std::size_t record_header_size = 128;
/// Payloads of this many bytes and more start on block boundaries; smaller ones are packed.
inline constexpr std::uint32_t aligned_payload_size = 64U << 10U;
inline constexpr std::uint64_t block_size = 4096;
/// As the manifest: no page is larger.
inline constexpr std::uint32_t max_payload_size = 64U << 20U;

using HeaderBytes = std::array<std::byte, record_header_size>;

struct RecordHeader {
  manifest::PageKey key;
  std::uint32_t payload_crc32c = 0;
  std::uint64_t store_id = 0;  ///< the first 8 bytes of the store's uuid
  Location location;           ///< of this header
  TenantId tenant = unknown_tenant;
  bool operator==(const RecordHeader&) const = default;
};

HeaderBytes encode(const RecordHeader& header) noexcept;
/// Nothing when the bytes are not a header of this format: magic, version, length or CRC.
std::optional<RecordHeader> decode(std::span<const std::byte, record_header_size> bytes) noexcept;
/// Whether a header may begin with these four bytes.
bool begins_like_record(const std::byte* bytes) noexcept;

/// Where the header of the record that follows `end` goes, for a payload of `length` bytes.
constexpr std::uint64_t next_record(std::uint64_t end, std::uint32_t length) noexcept {
  if (length < aligned_payload_size) return (end + record_alignment - 1) / record_alignment * record_alignment;
  return (end + record_header_size + block_size - 1) / block_size * block_size - record_header_size;
}
constexpr std::uint64_t record_end(std::uint64_t offset, std::uint32_t length) noexcept {
  return offset + record_header_size + length;
}

}  // namespace seekfs::segmentstore
