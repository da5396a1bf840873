// u32 length of the payload, u32 CRC32C of it, then: device, inode, size, mtime, ctime (u64 each), hash (32 bytes),
// page size (u32), page count (u32), CRC32C of each page (u32), path (the rest). Little-endian.
#include "publish/hash_cache_record.h"

#include <concepts>
#include <cstring>
#include <span>

#include "base/crc32c.h"

namespace seekfs::publish {
namespace {

constexpr std::size_t fixed_bytes = 5 * 8 + 32 + 4 + 4;

template <std::unsigned_integral Number>
void append_number(std::string& out, Number number) {
  for (std::size_t i = 0; i < sizeof number; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

template <std::unsigned_integral Number>
Number take_number(std::string_view& bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number |= static_cast<Number>(static_cast<Number>(static_cast<unsigned char>(bytes[i])) << (8 * i));
  }
  bytes.remove_prefix(sizeof number);
  return number;
}

}  // namespace

void append_hash_cache_record(std::string& out, std::string_view path, const FileState& state,
                              const HashedContent& content) {
  std::string payload;
  payload.reserve(fixed_bytes + 4 * content.page_crcs.size() + path.size());
  append_number(payload, state.device);
  append_number(payload, state.inode);
  append_number(payload, state.size);
  append_number(payload, static_cast<std::uint64_t>(state.mtime_ns));
  append_number(payload, static_cast<std::uint64_t>(state.ctime_ns));
  payload.append(reinterpret_cast<const char*>(content.hash.bytes.data()), content.hash.bytes.size());
  append_number(payload, content.page_size);
  append_number(payload, static_cast<std::uint32_t>(content.page_crcs.size()));
  for (const std::uint32_t crc : content.page_crcs) append_number(payload, crc);
  payload.append(path);
  append_number(out, static_cast<std::uint32_t>(payload.size()));
  append_number(out, crc32c(std::as_bytes(std::span(payload))));
  out.append(payload);
}

std::optional<HashCacheRecord> take_hash_cache_record(std::string_view& bytes) {
  if (bytes.size() < 8) return std::nullopt;
  const auto length = take_number<std::uint32_t>(bytes);
  const auto crc = take_number<std::uint32_t>(bytes);
  if (length < fixed_bytes || bytes.size() < length) return std::nullopt;
  std::string_view payload = bytes.substr(0, length);
  if (crc32c(std::as_bytes(std::span(payload))) != crc) return std::nullopt;
  bytes.remove_prefix(length);

  HashCacheRecord record;
  record.state.device = take_number<std::uint64_t>(payload);
  record.state.inode = take_number<std::uint64_t>(payload);
  record.state.size = take_number<std::uint64_t>(payload);
  record.state.mtime_ns = static_cast<std::int64_t>(take_number<std::uint64_t>(payload));
  record.state.ctime_ns = static_cast<std::int64_t>(take_number<std::uint64_t>(payload));
  std::memcpy(record.content.hash.bytes.data(), payload.data(), record.content.hash.bytes.size());
  payload.remove_prefix(record.content.hash.bytes.size());
  record.content.page_size = take_number<std::uint32_t>(payload);
  const auto pages = take_number<std::uint32_t>(payload);
  if (payload.size() / 4 < pages) return std::nullopt;
  record.content.page_crcs.reserve(pages);
  for (std::uint32_t i = 0; i < pages; ++i) record.content.page_crcs.push_back(take_number<std::uint32_t>(payload));
  record.path = payload;
  return record;
}

}  // namespace seekfs::publish
