// Capacity: what counts, what goes first, and what is taken along.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/units.h"
#include "segmentstore/disk_store.h"

namespace seekfs::segmentstore {
namespace {

/// For what grows between two measurements: blocks of the directories and of the file system's own lists.
constexpr std::uint64_t slack = 64U << 10U;
/// Segments with a smaller share of live bytes than this are compacted while the store serves.
constexpr double compact_below = 0.5;
/// And these, when somebody asks for it.
constexpr double compact_all_below = 0.9;

}  // namespace

std::uint64_t DiskStore::committed_bytes() const noexcept {
  return use_->load() + counts_.other_bytes + slack +
         std::max(index_->disk_bytes_at_save(), counts_.index_bytes.load());
}

Status DiskStore::measure_other() {
  std::set<SegmentNumber> known;
  for (const SegmentRef& segment : table_.all()) known.insert(segment->number());
  SEEKFS_ASSIGN(const std::uint64_t other, directory_->other_bytes(known));
  SEEKFS_ASSIGN(const std::uint64_t index, directory_->index_bytes());
  counts_.other_bytes = other;
  counts_.index_bytes = index;
  return {};
}

Result<bool> DiskStore::has_room(std::uint64_t bytes) const {
  if (committed_bytes() + bytes > options_.capacity) return false;
  SEEKFS_ASSIGN(const env::FileSystem::Space space, parts_.files.space(options_.path));
  // The index is saved beside its old files.
  const std::uint64_t at_save = index_->disk_bytes_at_save() + block_size;  // its directory too
  const std::uint64_t for_index = at_save - std::min(at_save, counts_.index_bytes.load());
  return space.available >= bytes + for_index + options_.min_free_bytes;
}

/// Evicts until there is room, but goes on only while that gives space back: a segment that somebody still reads, or a
/// file system that frees blocks later, must not cost the whole cache.
Status DiskStore::make_room(std::uint64_t bytes) {
  while (true) {
    SEEKFS_ASSIGN(const bool room, has_room(bytes));
    if (room || (bytes == 0 && !options_.may_evict)) return {};
    SEEKFS_ASSIGN(const env::FileSystem::Space before, parts_.files.space(options_.path));
    SEEKFS_ASSIGN(const Eviction eviction, evict_oldest());
    SEEKFS_ASSIGN(const env::FileSystem::Space after, parts_.files.space(options_.path));
    const bool by_capacity = committed_bytes() + bytes > options_.capacity;
    if (eviction == Eviction::of_nothing_on_disk) continue;
    if (eviction == Eviction::freed && (by_capacity || after.available > before.available)) continue;
    SEEKFS_ASSIGN(const bool enough, has_room(bytes));
    // What needs no room goes on with the room that it has.
    if (enough || bytes == 0) return {};
    return fail(ErrorCode::exhausted,
                fmt::format("{}: no room for {} more: capacity {}, of which {} are taken by what is no segment, and {} "
                            "are to stay free on the file system",
                            options_.path, format_size(bytes), format_size(options_.capacity),
                            format_size(committed_bytes() - use_->load()), format_size(options_.min_free_bytes)));
  }
}

SegmentRef DiskStore::oldest_sealed() const {
  for (const SegmentRef& segment : table_.all()) {
    if (segment->sealed()) return segment;
  }
  return nullptr;
}

/// Frees the segment that is being emptied, or else the oldest one as it is.
Result<DiskStore::Eviction> DiskStore::evict_oldest() {
  if (!options_.may_evict) return Eviction::impossible;
  SegmentRef victim;
  if (drain_ && drain_->purpose == SegmentDrain::Purpose::evict) victim = drain_->victim;
  drain_.reset();
  if (!victim) victim = oldest_sealed();
  if (!victim) return Eviction::impossible;
  const std::uint64_t allocated = victim->allocated();
  SEEKFS_TRY(free_segment(victim, true));
  const std::weak_ptr<Segment> left = std::exchange(victim, nullptr);
  if (!left.expired()) return Eviction::held_by_a_reader;
  return allocated == 0 ? Eviction::of_nothing_on_disk : Eviction::freed;
}

/// When the segment that was just begun is the last that fits, the oldest is emptied while that one fills.
Status DiskStore::start_eviction_ahead() {
  SEEKFS_ASSIGN(const bool room, has_room(segment_size_));
  if (room || (drain_ && drain_->purpose == SegmentDrain::Purpose::evict)) return {};
  SegmentRef victim = oldest_sealed();
  if (!victim) return {};
  drain_ = make_drain(*index_, std::move(victim), SegmentDrain::Purpose::evict, segment_size_ / 2);
  return {};
}

/// The segment with the smallest share of live bytes, when it is below that.
SegmentRef DiskStore::worth_compacting(double below_share) const {
  SegmentRef found;
  double least = below_share;
  for (const SegmentRef& segment : table_.all()) {
    if (!segment->sealed()) continue;
    const double share = static_cast<double>(segment->live_bytes()) /
                         static_cast<double>(std::max<std::uint64_t>(segment->data_end(), 1));
    if (share < least) {
      least = share;
      found = segment;
    }
  }
  return found;
}

/// Carries pages over until `max_bytes` are moved or the segment is empty; then frees it.
Result<std::uint64_t> DiskStore::drain_some(std::uint64_t max_bytes) {
  std::uint64_t moved = 0;
  while (drain_ && !drain_->done() && moved < max_bytes) {
    const IndexEntry entry = drain_->entries[drain_->next++];
    // Removed or replaced since the list was made.
    if (index_->find(entry.fingerprint) != entry.location) continue;
    SEEKFS_ASSIGN(const std::uint64_t bytes, carry_over(entry));
    moved += bytes;
  }
  if (drain_ && drain_->done()) SEEKFS_TRY(finish_drain());
  return moved;
}

/// Copies one record into the segment that is being written; the bytes that it took. The last one that is tried may end
/// the drain for want of room.
Result<std::uint64_t> DiskStore::carry_over(const IndexEntry& entry) {
  const SegmentRef victim = drain_->victim;
  const auto record = read_checked(*victim, entry);
  if (!record && record.error().code == ErrorCode::exhausted) return std::unexpected(record.error());
  if (!record) {
    // Damaged or on a bad sector: either way it is lost, and what is being written is not to blame.
    forget_damaged({victim, entry}, 0);
    return 0;
  }
  const RecordHeader& header = record->header;
  if (!writer_ || !writer_->add(header.key, header.payload_crc32c, record->payload)) {
    // It stays where it is, and so does its segment when that was to be compacted.
    --drain_->next;
    drain_->budget = 0;
    return 0;
  }
  const std::uint64_t bytes = writer_->queued_bytes();
  SEEKFS_ASSIGN(const auto written, write_queued());
  const SegmentRef& target = writer_->segment();
  if (index_->move(entry.fingerprint, entry.location, {target->number(), written.front().offset})) {
    victim->remove_live(header.key.len);
    target->add_live(header.key.len);
  }
  carried_unsynced_ = true;
  drain_->budget -= std::min(drain_->budget, bytes);
  return bytes;
}

/// Frees the segment; one that was to be compacted stays when pages are left in it.
Status DiskStore::finish_drain() {
  const SegmentDrain drain = *std::exchange(drain_, std::nullopt);
  const bool evicting = drain.purpose == SegmentDrain::Purpose::evict;
  if (!evicting && drain.next < drain.entries.size()) return {};
  return free_segment(drain.victim, evicting);
}

/// Entries first, then the file: no entry ever points to a file that is not there. A file that can't be removed stays
/// in the table, empty, and counts.
Status DiskStore::free_segment(const SegmentRef& segment, bool evicting) {
  // What was carried over, out of this segment perhaps, is on disk before its old place goes.
  if (carried_unsynced_) SEEKFS_TRY(sync_all());
  const std::uint64_t pages = index_->erase_segment(segment->number());
  segment->set_live(0, 0);
  if (evicting) counts_.evicted_pages.fetch_add(pages, std::memory_order_relaxed);
  const Status removed = parts_.files.remove_file(segment->path());
  if (!removed && removed.error().code != ErrorCode::not_found) return removed;
  table_.remove(segment->number());
  std::erase(unsynced_, segment);
  directory_changed_ = true;
  if (evicting) counts_.evicted_segments.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Result<SegmentStore::Upkeep> DiskStore::upkeep(std::uint64_t max_bytes) {
  SEEKFS_TRY(check_open());
  // Others fill the file system too.
  SEEKFS_TRY(make_room(0));
  if (!drain_) {
    SegmentRef victim = worth_compacting(compact_below);
    if (!victim) return Upkeep{};
    if (!writer_ && victim->live_pages() > 0) {
      SEEKFS_ASSIGN(const bool room, has_room(segment_size_));
      if (!room) return Upkeep{};
      SEEKFS_TRY(roll());
    }
    if (!drain_) drain_ = make_drain(*index_, std::move(victim), SegmentDrain::Purpose::compact, segment_size_);
  }
  // A number, since a reference would keep the segment's space.
  const SegmentNumber compacted = drain_->purpose == SegmentDrain::Purpose::compact ? drain_->victim->number() : 0;
  SEEKFS_ASSIGN(const std::uint64_t moved, drain_some(max_bytes));
  if (compacted != 0 && !drain_ && table_.find(compacted) != nullptr) {
    // The segment that is being written is full. A new one is begun only where that evicts nothing.
    SEEKFS_ASSIGN(const bool room, has_room(segment_size_));
    if (!room) return Upkeep{.moved_bytes = moved};
    SEEKFS_TRY(roll());
  }
  return Upkeep{.moved_bytes = moved, .more = drain_.has_value() || worth_compacting(compact_below) != nullptr};
}

/// Twice as many rounds as segments: one ends early when the segment that is being written is full, and goes on in the
/// next.
Status DiskStore::compact() {
  SEEKFS_TRY(check_open());
  SEEKFS_TRY(seal_active());
  for (std::size_t left = 2 * table_.size(); left > 0; --left) {
    SEEKFS_TRY(check_not_cancelled());
    SegmentRef victim = worth_compacting(compact_all_below);
    if (!victim) break;
    const SegmentNumber number = victim->number();
    if (!writer_ && victim->live_pages() > 0) {
      victim.reset();
      SEEKFS_TRY(roll());
      victim = table_.find(number);
      if (!victim) continue;
    }
    drain_ = make_drain(*index_, std::move(victim), SegmentDrain::Purpose::compact, segment_size_);
    while (drain_ && drain_->victim->number() == number) SEEKFS_TRY(drain_some(segment_size_));
    const bool full = table_.find(number) != nullptr;
    if (full) SEEKFS_TRY(seal_active());
  }
  return sync_all();
}

Status DiskStore::drop_all() {
  SEEKFS_TRY(check_open());
  drain_.reset();
  if (writer_) writer_->abandon();
  writer_.reset();
  unsynced_.clear();
  carried_unsynced_ = false;
  index_->clear();
  Status freed;
  for (const SegmentRef& segment : table_.all()) {
    if (Status one = free_segment(segment, false); !one) freed = one;
  }
  SEEKFS_TRY(sync_all());
  SEEKFS_TRY(save_index());
  return freed;
}

}  // namespace seekfs::segmentstore
