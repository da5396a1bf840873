// Footers to bytes and back. Entry: 0 fingerprint, 8 offset / 8, 12 length. Trailer: 0 magic, 8 format version, 12
// segment, 16 store id, 24 end of the data, 32 entries, 40 CRC32C of the entries, 44 zeros, 60 CRC32C of bytes 0 to 59.
#include "segmentstore/footer.h"

#include <fmt/format.h>

#include <array>

#include "base/crc32c.h"
#include "segmentstore/little_endian.h"
#include "segmentstore/record.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t magic = 0x52544F4F46474553;  // "SEGFOOTR"
constexpr std::uint32_t version = 1;
constexpr std::size_t crc_at = trailer_size - sizeof(std::uint32_t);

using TrailerBytes = std::array<std::byte, trailer_size>;

std::unexpected<Error> corrupt(SegmentIdentity expected, std::string_view why) {
  return fail(ErrorCode::corrupt, fmt::format("segment {} has no footer of its own: {}", expected.number, why));
}

void encode_trailer(const Trailer& trailer, std::byte* at) {
  store_u64(at, magic);
  store_u32(at + 8, version);
  store_u32(at + 12, trailer.identity.number);
  store_u64(at + 16, trailer.identity.store_id);
  store_u64(at + 24, trailer.data_end);
  store_u64(at + 32, trailer.entries);
  store_u32(at + 40, trailer.entries_crc32c);
  store_u32(at + crc_at, crc32c(std::span(at, crc_at)));
}

FooterEntry decode_entry(const std::byte* at) noexcept {
  return {load_u64(at), std::uint64_t{load_u32(at + 8)} * record_alignment, load_u32(at + 12)};
}

}  // namespace

std::vector<std::byte> encode_footer(SegmentIdentity identity, std::uint64_t data_end,
                                     const std::vector<FooterEntry>& entries) {
  std::vector<std::byte> bytes(footer_size(entries.size()));
  std::byte* at = bytes.data();
  for (const FooterEntry& entry : entries) {
    store_u64(at, entry.fingerprint);
    store_u32(at + 8, static_cast<std::uint32_t>(entry.offset / record_alignment));
    store_u32(at + 12, entry.length);
    at += footer_entry_size;
  }
  const std::uint32_t crc = crc32c(std::span(bytes).first(bytes.size() - trailer_size));
  encode_trailer({identity, data_end, entries.size(), crc}, at);
  return bytes;
}

Result<Trailer> read_trailer(env::File& file, std::uint64_t file_size, SegmentIdentity expected) {
  if (file_size < trailer_size) return corrupt(expected, "the file is too short");
  TrailerBytes bytes;
  SEEKFS_ASSIGN(const std::size_t count, file.read_at(file_size - trailer_size, bytes));
  const std::byte* at = bytes.data();
  if (count < bytes.size() || load_u64(at) != magic || load_u32(at + 8) != version ||
      load_u32(at + crc_at) != crc32c(std::span(bytes).first(crc_at))) {
    return corrupt(expected, "the trailer is missing or damaged");
  }
  const Trailer trailer{
      {load_u64(at + 16), load_u32(at + 12)}, load_u64(at + 24), load_u64(at + 32), load_u32(at + 40)};
  if (trailer.identity != expected) return corrupt(expected, "the trailer is another segment's");
  const std::uint64_t most = file_size / footer_entry_size;
  if (trailer.data_end > file_size || trailer.entries > most ||
      footer_begin(trailer.data_end) + footer_size(trailer.entries) != file_size) {
    return corrupt(expected, "the file is not as long as the trailer says");
  }
  return trailer;
}

Result<FooterEntry> read_footer_entry(env::File& file, const Trailer& trailer, std::uint64_t index) {
  std::array<std::byte, footer_entry_size> bytes;
  SEEKFS_ASSIGN(const std::size_t count,
                file.read_at(footer_begin(trailer.data_end) + index * footer_entry_size, bytes));
  if (count < bytes.size()) return corrupt(trailer.identity, "the entries are damaged");
  return decode_entry(bytes.data());
}

Result<std::vector<FooterEntry>> read_footer_entries(env::File& file, const Trailer& trailer) {
  std::vector<std::byte> bytes(trailer.entries * footer_entry_size);
  SEEKFS_ASSIGN(const std::size_t count, file.read_at(footer_begin(trailer.data_end), bytes));
  if (count < bytes.size() || crc32c(bytes) != trailer.entries_crc32c) {
    return corrupt(trailer.identity, "the entries are damaged");
  }
  std::vector<FooterEntry> entries;
  entries.reserve(trailer.entries);
  for (const std::byte* at = bytes.data(); at != bytes.data() + bytes.size(); at += footer_entry_size) {
    entries.push_back(decode_entry(at));
    if (record_end(entries.back().offset, entries.back().length) > trailer.data_end) {
      return corrupt(trailer.identity, "an entry lies outside the data");
    }
  }
  return entries;
}

}  // namespace seekfs::segmentstore
