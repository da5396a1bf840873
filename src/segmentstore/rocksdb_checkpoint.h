// The checkpoint of the RocksDB index as a row: whose it is, how many entries, and the segments' table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "segmentstore/little_endian.h"
#include "segmentstore/page_index.h"

namespace seekfs::segmentstore {

inline constexpr std::uint32_t checkpoint_format = 1;
inline constexpr std::size_t checkpoint_head = 24;
inline constexpr std::size_t summary_size = 32;

struct Checkpoint {
  std::uint64_t store_id = 0;
  std::uint64_t entries = 0;
  std::vector<SegmentSummary> segments;
};

/// u32 format, u32 segments, u64 store, u64 entries; a segment is u32 number, u32 sealed, u64 data end, live bytes and
/// live pages; little-endian. RocksDB's own checksums cover it.
inline std::string encode(const Checkpoint& checkpoint) {
  std::string text(checkpoint_head + checkpoint.segments.size() * summary_size, '\0');
  std::byte* at = std::as_writable_bytes(std::span(text)).data();
  store_u32(at, checkpoint_format);
  store_u32(at + 4, static_cast<std::uint32_t>(checkpoint.segments.size()));
  store_u64(at + 8, checkpoint.store_id);
  store_u64(at + 16, checkpoint.entries);
  at += checkpoint_head;
  for (const SegmentSummary& segment : checkpoint.segments) {
    store_u32(at, segment.number);
    store_u32(at + 4, segment.sealed ? 1 : 0);
    store_u64(at + 8, segment.data_end);
    store_u64(at + 16, segment.live_bytes);
    store_u64(at + 24, segment.live_pages);
    at += summary_size;
  }
  return text;
}

inline std::optional<Checkpoint> decode(const std::string& text) {
  if (text.size() < checkpoint_head) return std::nullopt;
  const std::byte* at = std::as_bytes(std::span(text)).data();
  const std::size_t count = load_u32(at + 4);
  if (load_u32(at) != checkpoint_format || text.size() != checkpoint_head + count * summary_size) return std::nullopt;
  Checkpoint checkpoint{.store_id = load_u64(at + 8), .entries = load_u64(at + 16), .segments = {}};
  at += checkpoint_head;
  for (std::size_t i = 0; i < count; ++i, at += summary_size) {
    checkpoint.segments.push_back({.number = load_u32(at),
                                   .sealed = load_u32(at + 4) != 0,
                                   .data_end = load_u64(at + 8),
                                   .live_bytes = load_u64(at + 16),
                                   .live_pages = load_u64(at + 24)});
  }
  return checkpoint;
}

}  // namespace seekfs::segmentstore
