// Capacity: what counts, what goes first, and what is taken along.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/units.h"
#include "segmentstore/disk_store.h"
#include "segmentstore/tenant_sample.h"

namespace seekfs::segmentstore {
namespace {

/// For what grows between two measurements: blocks of the directories and of the file system's own lists.
constexpr std::uint64_t slack = 64U << 10U;
/// Each takes some short reads.
constexpr std::size_t samples_at_once = 16;
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

std::vector<SegmentUse> DiskStore::uses() const {
  std::vector<SegmentUse> all;
  for (const SegmentRef& segment : table_.all()) {
    all.push_back({.number = segment->number(),
                   .sealed = segment->sealed(),
                   .size = segment->data_end(),
                   .live_bytes = segment->live_bytes(),
                   .tenants = segment->tenants()});
  }
  return all;
}

/// Of so many segments that the start found; whether there are more.
bool DiskStore::learn_tenants(std::size_t most) {
  for (const SegmentRef& segment : table_.all()) {
    if (!segment->sealed() || !segment->wants_sample()) continue;
    if (most-- == 0) return true;
    // What can't be read counts as unknown.
    segment->learn(sample_tenants(*segment).value_or(std::vector<TenantBytes>()));
  }
  return false;
}

/// For want of any other the segment of what is kept, which is sealed for it.
SegmentRef DiskStore::next_victim() {
  auto victim = choose_victim(uses());
  if (!victim && keeper_) {
    seal_or_warn(keeper_);
    victim = choose_victim(uses());
  }
  return victim ? table_.find(victim->number) : nullptr;
}

/// Frees the segment that is being emptied, or else the next victim, as it is.
Result<DiskStore::Eviction> DiskStore::evict_oldest() {
  if (!options_.may_evict) return Eviction::impossible;
  SegmentRef victim;
  if (drain_ && drain_->purpose == SegmentDrain::Purpose::evict) victim = drain_->victim;
  drain_.reset();
  if (!victim) victim = next_victim();
  if (!victim) return Eviction::impossible;
  const std::uint64_t allocated = victim->allocated();
  SEEKFS_TRY(free_segment(victim, true));
  const std::weak_ptr<Segment> left = std::exchange(victim, nullptr);
  if (!left.expired()) return Eviction::held_by_a_reader;
  return allocated == 0 ? Eviction::of_nothing_on_disk : Eviction::freed;
}

/// When the segment that was just begun is the last that fits, the next victim is emptied while that one fills. Where
/// pages of spared namespaces are to be kept, one more must fit for them.
Status DiskStore::start_eviction_ahead() {
  if (drain_ && drain_->purpose == SegmentDrain::Purpose::evict) return {};
  SEEKFS_ASSIGN(const bool much_room, has_room(2 * segment_size_));
  if (much_room) return {};
  // Whoever is known in part looks smaller or larger than others: all or none.
  learn_tenants(table_.size());
  const auto victim = choose_victim(uses());
  if (!victim) return {};
  const bool for_keeper = victim->shares.any() && (!keeper_ || keeper_->free_bytes() < segment_size_ / 4 * 3);
  SEEKFS_ASSIGN(const bool room, has_room(for_keeper ? 2 * segment_size_ : segment_size_));
  if (room) return {};
  SegmentRef segment = table_.find(victim->number);
  if (segment) drain_ = make_eviction(*index_, std::move(segment), *victim, segment_size_);
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
  if (learn_tenants(samples_at_once)) return Upkeep{.more = true};
  if (!drain_) {
    SegmentRef victim = worth_compacting(compact_below);
    if (!victim) return Upkeep{};
    if (!writer_ && victim->live_pages() > 0) {
      SEEKFS_ASSIGN(const bool room, has_room(segment_size_));
      if (!room) return Upkeep{};
      SEEKFS_TRY(roll());
    }
    if (!drain_) drain_ = make_compaction(*index_, std::move(victim), segment_size_);
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
    drain_ = make_compaction(*index_, std::move(victim), segment_size_);
    while (drain_ && drain_->victim->number() == number) SEEKFS_TRY(drain_some(segment_size_));
    const bool full = table_.find(number) != nullptr;
    if (full) SEEKFS_TRY(seal_active());
  }
  return sync_all();
}

Status DiskStore::drop_all() {
  SEEKFS_TRY(check_open());
  give_up_writing();
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
