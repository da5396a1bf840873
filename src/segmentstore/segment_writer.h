// Appends records to one segment, many in one write, and seals it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "base/page.h"
#include "segmentstore/segment.h"

namespace seekfs::segmentstore {

/// Owned by the store's writing thread.
class SegmentWriter {
 public:
  /// `segment` is new, empty and has `size` bytes of disk space.
  SegmentWriter(SegmentRef segment, std::uint64_t size) : segment_(std::move(segment)), size_(size) {}

  /// A record of `length` bytes and the footer fit an empty segment of `size` bytes.
  static bool fits_empty(std::uint64_t size, std::uint32_t length) noexcept {
    return footer_begin(record_end(next_record(0, length), length)) + footer_size(1) <= size;
  }

  /// Queues a record; false when it does not fit the segment any more. Whoever owns `payload` keeps it until flush().
  bool add(const manifest::PageKey& key, std::uint32_t crc32c, TenantId tenant, std::span<const std::byte> payload);
  std::uint64_t queued_bytes() const noexcept { return queued_end_ - segment_->data_end(); }
  /// Of the segment, without what it needs for its footer.
  std::uint64_t free_bytes() const noexcept {
    const std::uint64_t taken = footer_begin(queued_end_) + footer_size(entries_.size() + queued_.size());
    return size_ - std::min(size_, taken);
  }

  /// Where a record went, and whose it is.
  struct Written {
    FooterEntry entry;
    TenantId tenant = unknown_tenant;
  };
  /// Writes what is queued with one call and says where it went. On an Error none of it counts and the segment is to be
  /// given up: nothing may be written to it again.
  Result<std::vector<Written>> flush();

  /// Ends the segment with its footer and gives back the space behind it. Nothing is queued. On an Error the segment is
  /// sealed all the same, without a footer.
  Status seal();
  /// Seals without writing.
  void abandon() noexcept { segment_->seal(segment_->data_end()); }

  const SegmentRef& segment() const noexcept { return segment_; }

 private:
  struct Queued {
    HeaderBytes header;
    Written record;
    std::span<const std::byte> payload;
  };

  SegmentRef segment_;
  const std::uint64_t size_;
  std::vector<FooterEntry> entries_;  ///< what is written
  std::deque<Queued> queued_;
  std::uint64_t queued_end_ = 0;
};

}  // namespace seekfs::segmentstore
