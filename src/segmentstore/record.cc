// Headers to bytes and back. Layout: 0 magic, 4 format version, 8 store id, 16 segment, 20 page id, 24 offset of this
// header, 32 file key, 64 offset in the file, 72 length, 76 CRC32C of the payload, 80 tenant, 88 zeros, 124 CRC32C of
// bytes 0 to 123.
#include "segmentstore/record.h"

#include <algorithm>

#include "base/crc32c.h"
#include "segmentstore/little_endian.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint32_t magic = 0x43455253;  // "SREC"
constexpr std::uint32_t version = 1;
constexpr std::size_t crc_at = record_header_size - sizeof(std::uint32_t);

}  // namespace

HeaderBytes encode(const RecordHeader& header) noexcept {
  HeaderBytes bytes{};
  std::byte* at = bytes.data();
  store_u32(at, magic);
  store_u32(at + 4, version);
  store_u64(at + 8, header.store_id);
  store_u32(at + 16, header.location.segment);
  store_u32(at + 20, header.key.page_id);
  store_u64(at + 24, header.location.offset);
  std::ranges::copy(header.key.file.bytes, at + 32);
  store_u64(at + 64, header.key.off);
  store_u32(at + 72, header.key.len);
  store_u32(at + 76, header.payload_crc32c);
  store_u64(at + 80, header.tenant);
  store_u32(at + crc_at, crc32c(std::span(bytes).first(crc_at)));
  return bytes;
}

bool begins_like_record(const std::byte* bytes) noexcept { return load_u32(bytes) == magic; }

std::optional<RecordHeader> decode(std::span<const std::byte, record_header_size> bytes) noexcept {
  const std::byte* at = bytes.data();
  if (load_u32(at) != magic || load_u32(at + 4) != version) return std::nullopt;
  if (load_u32(at + crc_at) != crc32c(bytes.first(crc_at))) return std::nullopt;
  RecordHeader header;
  header.store_id = load_u64(at + 8);
  header.location = {load_u32(at + 16), load_u64(at + 24)};
  header.key.page_id = load_u32(at + 20);
  std::copy_n(at + 32, header.key.file.bytes.size(), header.key.file.bytes.begin());
  header.key.off = load_u64(at + 64);
  header.key.len = load_u32(at + 72);
  header.payload_crc32c = load_u32(at + 76);
  header.tenant = load_u64(at + 80);
  if (header.key.len > max_payload_size) return std::nullopt;
  return header;
}

}  // namespace seekfs::segmentstore
