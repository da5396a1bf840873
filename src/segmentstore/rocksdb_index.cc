// The index for caches whose entries should not live in RAM: changes since the last save in RAM, the rest in RocksDB.
#include <algorithm>
#include <atomic>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "segmentstore/page_index.h"
#include "segmentstore/read_marks.h"
#include "segmentstore/rocksdb_checkpoint.h"
#include "segmentstore/rocksdb_rows.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint64_t changes_worth_a_save = 32U << 10U;
/// So many wait in RAM, about 60 bytes each; then they are written, between two checkpoints, without being durable.
constexpr std::size_t most_changes = 256U << 10U;
constexpr std::uint64_t bytes_per_change = 64;

/// What the rows have and what it should be.
struct Change {
  Place before = 0;
  Place now = 0;
};

/// Rows on disk change only in save(), and, when too many changes wait, in a write that takes the checkpoint away: so
/// what a start finds is either the last checkpoint, exactly, or none.
///
/// Damage that is met while in use makes reads miss; nothing more is taken in or saved, which the store's owner sees as
/// a failing disk, and the next start begins with an empty folder.
///
/// writes_ is held for a whole compare-and-change, reads of rows included; mutex_ only for what is in RAM. Lock order:
/// writes_, then mutex_.
class RocksdbIndex final : public PageIndex {
 public:
  RocksdbIndex(std::unique_ptr<RocksdbRows> rows, std::string name, std::uint64_t store_id, Logger& log)
      : rows_(std::move(rows)), name_(std::move(name)), store_id_(store_id), log_(log) {}

  std::optional<Location> find(Fingerprint fingerprint) const override {
    const Result<Change> change = look_up(fingerprint);
    if (!change || change->now == 0) return std::nullopt;
    return unpack(change->now);
  }

  std::optional<Known> try_find(Fingerprint fingerprint) const override {
    std::optional<Place> place;
    {
      MutexLock lock(mutex_);
      if (const auto changed = changes_.find(fingerprint); changed != changes_.end()) {
        place = changed->second.now;
      } else if (!started_) {
        place = 0;
      }
    }
    if (!place) place = rows_->try_find(fingerprint);
    if (!place) return std::nullopt;
    return Known{*place == 0 ? std::nullopt : std::optional(unpack(*place))};
  }

  bool may_contain(Fingerprint fingerprint) const noexcept override {
    {
      MutexLock lock(mutex_);
      if (const auto changed = changes_.find(fingerprint); changed != changes_.end()) return changed->second.now != 0;
      if (!started_) return false;
    }
    return rows_->may_contain(fingerprint);
  }

  void mark_read(Fingerprint fingerprint) noexcept override {
    MutexLock lock(mutex_);
    read_.set(fingerprint);
  }

  Result<std::optional<Location>> insert(Fingerprint fingerprint, Location location) override {
    SEEKFS_TRY(start());
    MutexLock writing(writes_);
    SEEKFS_ASSIGN(const Change change, look_up(fingerprint));
    {
      MutexLock lock(mutex_);
      set(fingerprint, change, pack(location));
      read_.grow(entries_);
      read_.clear(fingerprint);
    }
    SEEKFS_TRY(write_when_many());
    if (change.now == 0) return std::nullopt;
    return unpack(change.now);
  }

  bool erase(Fingerprint fingerprint, Location location) override {
    MutexLock writing(writes_);
    return replace(fingerprint, location, 0);
  }

  bool move(Fingerprint fingerprint, Location from, Location to) override {
    MutexLock writing(writes_);
    return replace(fingerprint, from, pack(to));
  }

  std::vector<IndexEntry> entries_of(SegmentNumber segment) const override {
    std::vector<IndexEntry> entries;
    const std::vector<Row> rows = rows_of(segment);
    MutexLock lock(mutex_);
    for (const Row& row : rows) {
      if (!changes_.contains(row.fingerprint)) entries.push_back(entry(row.fingerprint, row.place));
    }
    for (const auto& [fingerprint, change] : changes_) {
      if (change.now >> 32U == segment && change.now != 0) entries.push_back(entry(fingerprint, change.now));
    }
    std::ranges::sort(entries, {}, [](const IndexEntry& one) { return one.location.offset; });
    return entries;
  }

  std::uint64_t erase_segment(SegmentNumber segment) override {
    MutexLock writing(writes_);
    return forget(segment);
  }

  void clear() override {
    MutexLock writing(writes_);
    if (const Status done = empty_rows(); !done) report(done.error());
  }

  std::uint64_t size() const noexcept override { return entries_.load(std::memory_order_relaxed); }

  std::uint64_t memory_bytes() const noexcept override {
    MutexLock lock(mutex_);
    return changes_.size() * bytes_per_change + read_.memory_bytes() + usage_.memory_bytes;
  }

  bool wants_save() const noexcept override {
    MutexLock lock(mutex_);
    return changes_.size() + written_changes_ >= changes_worth_a_save;
  }

  std::uint64_t disk_bytes_at_save() const noexcept override {
    MutexLock lock(mutex_);
    return RocksdbRows::disk_bound(usage_.disk_bytes, changes_.size() + written_changes_, checkpoint_bytes_);
  }

  Status save(const std::vector<SegmentSummary>& segments) override {
    SEEKFS_TRY(start());
    std::uint64_t bytes = 0;
    {
      MutexLock writing(writes_);
      const std::string text = encode({.store_id = store_id_, .entries = entries_, .segments = segments});
      bytes = text.size();
      SEEKFS_TRY(write(text));
    }
    // Not under writes_: an erase() from a reader need not wait for the disk.
    if (const Status flushed = rows_->flush(); !flushed) return reported(flushed.error());
    failing_ = false;
    const RocksdbRows::Usage usage = rows_->usage();
    MutexLock lock(mutex_);
    usage_ = usage;
    written_changes_ = 0;
    checkpoint_bytes_ = bytes;
    return {};
  }

  Result<std::vector<SegmentSummary>> load(const std::set<SegmentNumber>& present) override {
    MutexLock writing(writes_);
    if (const auto damage = rows_->take_damage()) {
      begin({});
      return fail(ErrorCode::corrupt, name_ + " was damaged (" + *damage + ") and is made anew");
    }
    auto text = rows_->checkpoint();
    if (!text && text.error().code != ErrorCode::corrupt) return std::unexpected(text.error());
    if (!text) return refuse(text.error().message);
    if (!*text) {
      const Result<bool> nothing = rows_->empty();
      if (!nothing || !*nothing) return refuse("it was left between two checkpoints");
      begin({});
      return fail(ErrorCode::not_found, name_ + " is empty");
    }
    auto checkpoint = decode(**text);
    if (!checkpoint) return refuse("its checkpoint is not of a known format");
    if (checkpoint->store_id != store_id_) return refuse("it belongs to another store");
    const auto segments = rows_->segments();
    if (!segments) return refuse(segments.error().message);
    begin({.entries = checkpoint->entries, .bytes = (*text)->size()});
    for (const SegmentNumber segment : *segments) {
      if (!present.contains(segment)) forget(segment);
    }
    return std::move(checkpoint->segments);
  }

 private:
  IndexEntry entry(Fingerprint fingerprint, Place place) const SEEKFS_REQUIRES(mutex_) {
    return {.fingerprint = fingerprint, .location = unpack(place), .was_read = read_.test(fingerprint)};
  }

  /// What the rows have before load() or the first change is not this index's.
  Result<Change> look_up(Fingerprint fingerprint) const {
    {
      MutexLock lock(mutex_);
      if (const auto changed = changes_.find(fingerprint); changed != changes_.end()) return changed->second;
      if (!started_) return Change{};
    }
    const Result<Place> place = rows_->find(fingerprint);
    if (place) return Change{.before = *place, .now = *place};
    {
      MutexLock lock(mutex_);
      if (!started_) return Change{};  // the rows went meanwhile
    }
    return reported(place.error());
  }

  std::vector<Row> rows_of(SegmentNumber segment) const {
    {
      MutexLock lock(mutex_);
      if (!started_) return {};
    }
    auto rows = rows_->rows_of(segment);
    if (rows) return std::move(*rows);
    report(rows.error());
    return {};
  }

  std::uint64_t forget(SegmentNumber segment) SEEKFS_REQUIRES(writes_) {
    const std::vector<Row> rows = rows_of(segment);
    MutexLock lock(mutex_);
    std::vector<std::pair<Fingerprint, Change>> gone;
    for (const auto& [fingerprint, change] : changes_) {
      if (change.now >> 32U == segment && change.now != 0) gone.emplace_back(fingerprint, change);
    }
    for (const Row& row : rows) {
      if (!changes_.contains(row.fingerprint)) gone.emplace_back(row.fingerprint, Change{row.place, row.place});
    }
    for (const auto& [fingerprint, change] : gone) set(fingerprint, change, 0);
    return gone.size();
  }

  bool replace(Fingerprint fingerprint, Location from, Place to) SEEKFS_REQUIRES(writes_) {
    const Result<Change> change = look_up(fingerprint);
    if (!change || change->now == 0 || change->now != pack(from)) return false;
    MutexLock lock(mutex_);
    set(fingerprint, *change, to);
    if (to != 0) read_.clear(fingerprint);
    return true;
  }

  void set(Fingerprint fingerprint, Change change, Place now) SEEKFS_REQUIRES(mutex_) {
    if (change.now == 0 && now != 0) ++entries_;
    if (change.now != 0 && now == 0) --entries_;
    if (change.before == now) {
      changes_.erase(fingerprint);
    } else {
      changes_.insert_or_assign(fingerprint, Change{.before = change.before, .now = now});
    }
  }

  Status start() {
    if (damaged_) return fail(ErrorCode::transient, name_ + " is damaged; the next start makes it anew");
    {
      MutexLock lock(mutex_);
      if (started_) return {};
    }
    MutexLock writing(writes_);
    return empty_rows();
  }

  Status write_when_many() SEEKFS_REQUIRES(writes_) {
    {
      MutexLock lock(mutex_);
      if (changes_.size() < most_changes) return {};
    }
    return write(std::nullopt);
  }

  /// Moves the changes from RAM to the rows. They stay findable: they leave the RAM after they are in the rows.
  Status write(const std::optional<std::string>& checkpoint) SEEKFS_REQUIRES(writes_) {
    std::vector<RowChange> rows;
    {
      MutexLock lock(mutex_);
      rows.reserve(changes_.size());
      for (const auto& [fingerprint, change] : changes_) rows.push_back({fingerprint, change.before, change.now});
    }
    if (const Status written = rows_->write(rows, checkpoint); !written) return reported(written.error());
    MutexLock lock(mutex_);
    changes_.clear();
    written_changes_ += rows.size();
    return {};
  }

  Status empty_rows() SEEKFS_REQUIRES(writes_) {
    {
      MutexLock lock(mutex_);
      started_ = false;  // nobody reads the rows from here on
      changes_.clear();
      read_.clear();
      entries_ = 0;
    }
    SEEKFS_TRY(rows_->reset());
    damaged_ = false;
    begin({});
    return {};
  }

  /// What the rows hold is this index's from here on.
  struct Saved {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;  ///< of the checkpoint
  };
  void begin(Saved saved) SEEKFS_REQUIRES(writes_) {
    const RocksdbRows::Usage usage = rows_->usage();
    MutexLock lock(mutex_);
    started_ = true;
    entries_ = saved.entries;
    read_.grow(saved.entries);
    usage_ = usage;
    written_changes_ = 0;
    checkpoint_bytes_ = saved.bytes;
  }

  std::unexpected<Error> refuse(const std::string& why) SEEKFS_REQUIRES(writes_) {
    if (const Status done = empty_rows(); !done) return std::unexpected(done.error());
    return fail(ErrorCode::corrupt, name_ + ": " + why + "; it is made anew");
  }

  /// Damage is said once; other errors once until a save succeeds.
  void report(const Error& error) const {
    const bool damage = error.code == ErrorCode::corrupt;
    if ((damage ? damaged_ : failing_).exchange(true)) return;
    log_.error("the index fails", {{"path", name_}, {"error", error.message}});
    if (damage) rows_->mark_damaged();
  }
  std::unexpected<Error> reported(const Error& error) const {
    report(error);
    return std::unexpected(error);
  }

  const std::unique_ptr<RocksdbRows> rows_;
  const std::string name_;
  const std::uint64_t store_id_;
  Logger& log_;
  mutable std::atomic<bool> damaged_{false};
  mutable std::atomic<bool> failing_{false};
  std::atomic<std::uint64_t> entries_{0};

  mutable Mutex writes_;
  mutable Mutex mutex_;
  bool started_ SEEKFS_GUARDED_BY(mutex_) = false;  ///< whether the rows are this index's
  std::unordered_map<Fingerprint, Change> changes_ SEEKFS_GUARDED_BY(mutex_);
  ReadMarks read_ SEEKFS_GUARDED_BY(mutex_);
  RocksdbRows::Usage usage_ SEEKFS_GUARDED_BY(mutex_);            ///< at the last save
  std::uint64_t written_changes_ SEEKFS_GUARDED_BY(mutex_) = 0;   ///< since then
  std::uint64_t checkpoint_bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;  ///< of the last save
};

}  // namespace

Result<std::unique_ptr<PageIndex>> make_rocksdb_index(env::FileSystem& files, std::string directory,
                                                      std::uint64_t store_id, Logger& log) {
  std::string folder = std::move(directory) + "/rocksdb";
  SEEKFS_ASSIGN(auto rows, RocksdbRows::open(files, folder, log));
  return std::make_unique<RocksdbIndex>(std::move(rows), "the index " + folder, store_id, log);
}

}  // namespace seekfs::segmentstore
