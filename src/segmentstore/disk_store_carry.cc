// What is taken along from a segment that is about to be freed, and where it goes.
#include <algorithm>

#include "segmentstore/disk_store.h"

namespace seekfs::segmentstore {
namespace {

/// What looking at a header counts as, beside pages that are moved.
constexpr std::uint64_t header_cost = 4 * record_header_size;

}  // namespace

/// Carries pages over until `max_bytes` are moved or the segment is empty; then frees it.
Result<std::uint64_t> DiskStore::drain_some(std::uint64_t max_bytes) {
  std::uint64_t moved = 0;
  std::uint64_t looked = 0;
  while (drain_ && !drain_->done() && moved + looked < max_bytes) {
    const IndexEntry entry = drain_->entries[drain_->next++];
    // Removed or replaced since the list was made.
    if (index_->find(entry.fingerprint) != entry.location) continue;
    looked += drain_->spares ? header_cost : 0;
    SEEKFS_ASSIGN(const bool stays, stays_behind(entry));
    if (stays) continue;
    SEEKFS_ASSIGN(const std::uint64_t bytes, carry_over(entry));
    moved += bytes;
  }
  if (drain_ && drain_->done()) SEEKFS_TRY(finish_drain());
  return moved;
}

/// A segment that holds pages of spared namespaces is emptied to its end, rather than freed in haste.
Status DiskStore::finish_eviction_before_roll() {
  for (std::size_t left = 2 * table_.size(); left > 0 && drain_ && drain_->spares; --left) {
    SEEKFS_ASSIGN(const bool room, has_room(segment_size_));
    if (room) break;
    SEEKFS_TRY(drain_some(segment_size_));
  }
  return {};
}

/// Of a segment that is evicted: unread, and of a namespace that is not spared, or nobody knows of which.
Result<bool> DiskStore::stays_behind(const IndexEntry& entry) {
  if (!drain_->spares) return false;
  if (entry.was_read && drain_->read_budget > 0) return false;
  const auto header = read_header(*drain_->victim, entry);
  if (!header && header.error().code == ErrorCode::exhausted) return std::unexpected(header.error());
  // Damaged, or on a bad sector: carry_over() finds that too, and forgets it.
  return header && !drain_->shares.spares(header->tenant);
}

/// Queues the record where it belongs; null when it has no room there, or when the drain ended: nothing is queued then.
Result<DiskStore::Writer*> DiskStore::take_up(const CheckedRecord& record, bool spared) {
  const RecordHeader& header = record.header;
  const auto add = [&](Writer& writer) {
    return writer && writer->add(header.key, header.payload_crc32c, header.tenant, record.payload);
  };
  if (spared) {
    if (add(keeper_)) return &keeper_;
    SEEKFS_ASSIGN(const bool room, has_room(segment_size_));
    if (room) {
      seal_or_warn(keeper_);
      SEEKFS_TRY(begin_segment(keeper_));
      // The new segment cost the one that was being emptied, and this record with it.
      if (!drain_) return nullptr;
      if (add(keeper_)) return &keeper_;
    }
  }
  return add(writer_) ? &writer_ : nullptr;
}

/// Copies one record into a segment that is being written; the bytes that it took. The last one that is tried may end
/// the drain for want of room.
Result<std::uint64_t> DiskStore::carry_over(const IndexEntry& entry) {
  const auto record = read_checked(*drain_->victim, entry);
  if (!record && record.error().code == ErrorCode::exhausted) return std::unexpected(record.error());
  if (!record) {
    // Damaged or on a bad sector: either way it is lost, and what is being written is not to blame.
    forget_damaged({drain_->victim, entry}, 0);
    return 0;
  }
  const RecordHeader& header = record->header;
  const bool spared = drain_->spares && drain_->shares.spares(header.tenant);
  // The drain alone holds its victim, so that the space comes back when a new segment costs it.
  SEEKFS_ASSIGN(Writer* const writer, take_up(*record, spared));
  if (!drain_) return 0;
  if (writer == nullptr) {
    // It stays where it is, and so does its segment when that was to be compacted.
    --drain_->next;
    drain_->budget = 0;
    return 0;
  }
  const std::uint64_t bytes = (*writer)->queued_bytes();
  SEEKFS_ASSIGN(const auto written, write_queued(*writer));
  const SegmentRef& target = (*writer)->segment();
  if (index_->move(entry.fingerprint, entry.location, {target->number(), written.back().entry.offset})) {
    drain_->victim->remove_live(header.key.len, header.tenant);
    target->add_live(header.key.len, header.tenant);
  }
  carried_unsynced_ = true;
  drain_->budget -= std::min(drain_->budget, bytes);
  if (!spared) drain_->read_budget -= std::min(drain_->read_budget, bytes);
  return bytes;
}

/// Frees the segment; one that was to be compacted stays when pages are left in it.
Status DiskStore::finish_drain() {
  const SegmentDrain drain = *std::exchange(drain_, std::nullopt);
  const bool evicting = drain.purpose == SegmentDrain::Purpose::evict;
  if (!evicting && drain.next < drain.entries.size()) return {};
  SEEKFS_TRY(free_segment(drain.victim, evicting));
  // One victim of which much was carried over does not make room for a segment.
  return evicting && drain.spares ? start_eviction_ahead() : Status();
}

}  // namespace seekfs::segmentstore
