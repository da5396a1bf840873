// The index in RAM: 256 shards of slots, saved as snapshots.
#include <algorithm>
#include <array>
#include <atomic>

#include "base/mutex.h"
#include "segmentstore/hash_shard.h"
#include "segmentstore/page_index.h"
#include "segmentstore/snapshot.h"

namespace seekfs::segmentstore {
namespace {

/// So many that growing one, which holds up the look-ups that go there, stays short: 8 MB at 100 M pages.
constexpr std::size_t shard_count = 256;
/// A start replays what was not saved from the segments; saving more often than this writes the index again and again.
constexpr std::uint64_t least_changes_to_save = 65'536;

class NativeIndex final : public PageIndex {
 public:
  NativeIndex(env::FileSystem& files, std::string directory, std::uint64_t store_id)
      : snapshots_(files, std::move(directory), store_id) {}

  std::optional<Location> find(Fingerprint fingerprint) const override {
    const Shard& shard = shard_of(fingerprint);
    MutexLock lock(shard.mutex);
    return shard.table.find(fingerprint);
  }
  bool may_contain(Fingerprint fingerprint) const noexcept override {
    const Shard& shard = shard_of(fingerprint);
    MutexLock lock(shard.mutex);
    return shard.table.find(fingerprint).has_value();
  }
  void mark_read(Fingerprint fingerprint) noexcept override {
    Shard& shard = shard_of(fingerprint);
    MutexLock lock(shard.mutex);
    shard.table.mark_read(fingerprint);
  }
  Result<std::optional<Location>> insert(Fingerprint fingerprint, Location location) override;
  bool erase(Fingerprint fingerprint, Location location) override;
  bool move(Fingerprint fingerprint, Location from, Location to) override;
  std::vector<IndexEntry> entries_of(SegmentNumber segment) const override;
  std::uint64_t erase_segment(SegmentNumber segment) override;
  void clear() override;

  std::uint64_t size() const noexcept override { return size_.load(std::memory_order_relaxed); }
  std::uint64_t memory_bytes() const noexcept override;
  bool wants_save() const noexcept override {
    return changes_.load(std::memory_order_relaxed) >= std::max(least_changes_to_save, size() / 4);
  }
  std::uint64_t disk_bytes_at_save() const noexcept override {
    constexpr std::uint64_t segments = 65'536;  // more of them, at 40 bytes, do not matter beside their pages
    return snapshots_.disk_bytes() + SnapshotFiles::file_size(std::min(segments, size()), size());
  }
  Status save(const std::vector<SegmentSummary>& segments) override;
  Result<std::vector<SegmentSummary>> load(const std::set<SegmentNumber>& present) override;

 private:
  struct alignas(64) Shard {
    mutable Mutex mutex;
    HashShard table SEEKFS_GUARDED_BY(mutex);
  };
  Shard& shard_of(Fingerprint fingerprint) { return shards_[fingerprint >> 56U]; }
  const Shard& shard_of(Fingerprint fingerprint) const { return shards_[fingerprint >> 56U]; }
  void changed() noexcept { changes_.fetch_add(1, std::memory_order_relaxed); }
  std::vector<IndexSlot> copy_of(std::size_t shard) const;

  std::array<Shard, shard_count> shards_;
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::uint64_t> changes_{0};  ///< since the last save
  SnapshotFiles snapshots_;
};

Result<std::optional<Location>> NativeIndex::insert(Fingerprint fingerprint, Location location) {
  Shard& shard = shard_of(fingerprint);
  MutexLock lock(shard.mutex);
  const auto before = shard.table.insert(fingerprint, IndexSlot::pack(location));
  if (!before) size_.fetch_add(1, std::memory_order_relaxed);
  changed();
  return before;
}

bool NativeIndex::erase(Fingerprint fingerprint, Location location) {
  Shard& shard = shard_of(fingerprint);
  MutexLock lock(shard.mutex);
  if (!shard.table.erase(fingerprint, location)) return false;
  size_.fetch_sub(1, std::memory_order_relaxed);
  changed();
  return true;
}

bool NativeIndex::move(Fingerprint fingerprint, Location from, Location to) {
  Shard& shard = shard_of(fingerprint);
  MutexLock lock(shard.mutex);
  if (!shard.table.move(fingerprint, from, to)) return false;
  changed();
  return true;
}

std::vector<IndexEntry> NativeIndex::entries_of(SegmentNumber segment) const {
  std::vector<IndexEntry> entries;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const IndexSlot& slot : shard.table.slots()) {
      if (!slot.empty() && slot.segment() == segment) {
        entries.push_back({slot.fingerprint, slot.location(), slot.was_read()});
      }
    }
  }
  std::ranges::sort(entries, {}, [](const IndexEntry& entry) { return entry.location.offset; });
  return entries;
}

std::uint64_t NativeIndex::erase_segment(SegmentNumber segment) {
  std::uint64_t erased = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    erased += shard.table.erase_segment(segment);
  }
  size_.fetch_sub(erased, std::memory_order_relaxed);
  changes_.fetch_add(erased, std::memory_order_relaxed);
  return erased;
}

void NativeIndex::clear() {
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    size_.fetch_sub(shard.table.size(), std::memory_order_relaxed);
    changes_.fetch_add(shard.table.size(), std::memory_order_relaxed);
    shard.table.clear();
  }
}

std::uint64_t NativeIndex::memory_bytes() const noexcept {
  std::uint64_t bytes = sizeof *this;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    bytes += shard.table.slots().size_bytes();
  }
  return bytes;
}

std::vector<IndexSlot> NativeIndex::copy_of(std::size_t shard) const {
  std::vector<IndexSlot> slots;
  MutexLock lock(shards_[shard].mutex);
  slots.reserve(shards_[shard].table.size());
  for (const IndexSlot& slot : shards_[shard].table.slots()) {
    if (!slot.empty()) slots.push_back(slot);
  }
  return slots;
}

Status NativeIndex::save(const std::vector<SegmentSummary>& segments) {
  const std::uint64_t changes = changes_.load(std::memory_order_relaxed);
  SEEKFS_TRY(snapshots_.write(segments, shard_count, [this](std::size_t shard) { return copy_of(shard); }));
  changes_.fetch_sub(changes, std::memory_order_relaxed);
  return {};
}

Result<std::vector<SegmentSummary>> NativeIndex::load(const std::set<SegmentNumber>& present) {
  std::vector<bool> keep(present.empty() ? 0 : std::size_t{*present.rbegin()} + 1);
  for (const SegmentNumber segment : present) keep[segment] = true;
  auto segments = snapshots_.read([&](std::span<const IndexSlot> slots, std::uint64_t left) {
    // A group is a shard, in the order of its slots: they must find room for all of them, since entries that come in
    // order would pile up at the beginning of a table that is too small.
    if (!slots.empty()) {
      Shard& shard = shard_of(slots.front().fingerprint);
      MutexLock lock(shard.mutex);
      shard.table.reserve(shard.table.size() + left);
    }
    for (const IndexSlot& slot : slots) {
      if (slot.segment() >= keep.size() || !keep[slot.segment()]) continue;
      Shard& shard = shard_of(slot.fingerprint);
      MutexLock lock(shard.mutex);
      if (!shard.table.insert(slot.fingerprint, slot.place)) size_.fetch_add(1, std::memory_order_relaxed);
    }
  });
  if (!segments) clear();
  changes_.store(0, std::memory_order_relaxed);
  return segments;
}

}  // namespace

std::unique_ptr<PageIndex> make_native_index(env::FileSystem& files, std::string directory, std::uint64_t store_id) {
  return std::make_unique<NativeIndex>(files, std::move(directory), store_id);
}

}  // namespace seekfs::segmentstore
