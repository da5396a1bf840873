// Where each page of a store is: the native index in RAM with snapshots, or RocksDB.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "env/file.h"
#include "segmentstore/location.h"

namespace seekfs::segmentstore {

struct IndexEntry {
  Fingerprint fingerprint = 0;
  Location location;
  bool was_read = false;  ///< since it was written or carried over
};

/// What a checkpoint knows of one segment.
struct SegmentSummary {
  SegmentNumber number = 0;
  bool sealed = false;
  std::uint64_t data_end = 0;  ///< bytes of records that the index covers; what follows is found by a replay
  std::uint64_t live_bytes = 0;
  std::uint64_t live_pages = 0;
  bool operator==(const SegmentSummary&) const = default;
};

/// find, try_find, may_contain, mark_read and erase are thread-safe; everything else is called by one thread at a time,
/// and may run beside those. An index may lose entries (then pages are misses), and may hold entries of records that
/// are gone or are others: whoever follows one compares the record with the key. Nothing it does can make a wrong byte.
class PageIndex {
 public:
  virtual ~PageIndex() = default;

  virtual std::optional<Location> find(Fingerprint fingerprint) const = 0;
  /// find() without I/O; nothing when that takes some.
  struct Known {
    std::optional<Location> location;
  };
  virtual std::optional<Known> try_find(Fingerprint fingerprint) const { return Known{find(fingerprint)}; }
  /// False: find() gives nothing. Does no I/O; may be true for a page that is not there.
  virtual bool may_contain(Fingerprint fingerprint) const noexcept = 0;
  /// Remembers that the page was read, for as long as it stays there.
  virtual void mark_read(Fingerprint fingerprint) noexcept = 0;
  /// Where the fingerprint pointed to before, if anywhere. `exhausted` or `transient` when the index can't take it.
  virtual Result<std::optional<Location>> insert(Fingerprint fingerprint, Location location) = 0;
  /// Only when it points there.
  virtual bool erase(Fingerprint fingerprint, Location location) = 0;
  /// From `from` to `to`, unread; false, and nothing happens, when it does not point to `from` any more.
  virtual bool move(Fingerprint fingerprint, Location from, Location to) = 0;
  /// Every entry that points into the segment, by offset.
  virtual std::vector<IndexEntry> entries_of(SegmentNumber segment) const = 0;
  /// Forgets every entry that points into the segment; how many.
  virtual std::uint64_t erase_segment(SegmentNumber segment) = 0;
  virtual void clear() = 0;

  virtual std::uint64_t size() const noexcept = 0;
  virtual std::uint64_t memory_bytes() const noexcept = 0;

  /// Whether so much changed since the last save that a start would have much to replay.
  virtual bool wants_save() const noexcept = 0;
  /// The most that the index's files take on disk, bytes, right after a save of what it holds now, the old files that
  /// are replaced included.
  virtual std::uint64_t disk_bytes_at_save() const noexcept = 0;
  /// Makes entries and `segments` durable, all or nothing.
  virtual Status save(const std::vector<SegmentSummary>& segments) = 0;
  /// Fills an empty index with what was saved last, but for entries that point into segments that are not `present`,
  /// and gives the segments of that checkpoint. `corrupt` when it is damaged or belongs to another store, `not_found`
  /// when there is none: then the index is empty.
  virtual Result<std::vector<SegmentSummary>> load(const std::set<SegmentNumber>& present) = 0;
};

/// In RAM, 16 bytes a slot; saved as `directory`/snapshot-N.
std::unique_ptr<PageIndex> make_native_index(env::FileSystem& files, std::string directory, std::uint64_t store_id);
/// A RocksDB in `directory`/rocksdb. What RocksDB finds damaged is removed and reported by load() as `corrupt`.
Result<std::unique_ptr<PageIndex>> make_rocksdb_index(env::FileSystem& files, std::string directory,
                                                      std::uint64_t store_id, Logger& log);

}  // namespace seekfs::segmentstore
