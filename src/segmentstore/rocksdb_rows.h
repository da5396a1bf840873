// The rows of the RocksDB index: which fingerprint is where, what lies in each segment, and the last checkpoint. No
// header of RocksDB, so that only one file pays for them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "env/file.h"
#include "segmentstore/location.h"

namespace seekfs::segmentstore {

/// A Location in 56 bits; 0 is "nowhere", since segments count from 1.
using Place = std::uint64_t;
constexpr Place pack(Location at) noexcept { return Place{at.segment} << 32U | at.offset / record_alignment; }
constexpr Location unpack(Place place) noexcept {
  return {.segment = static_cast<SegmentNumber>(place >> 32U), .offset = (place & 0xFFFFFFFFU) * record_alignment};
}

/// From `before`, as the rows have it, to `now`.
struct RowChange {
  Fingerprint fingerprint = 0;
  Place before = 0;
  Place now = 0;
};

struct Row {
  Fingerprint fingerprint = 0;
  Place place = 0;
};

/// find, try_find and may_contain are thread-safe and run beside everything else; the others are called by one thread
/// at a time. Errors: `corrupt` when what is on disk is not what was written: only reset() mends that, at the latest
/// the next open() does; `transient`, `exhausted`, `denied` else.
class RocksdbRows {
 public:
  /// In `folder`, which is made. Damaged rows are removed; take_damage() then says why.
  static Result<std::unique_ptr<RocksdbRows>> open(env::FileSystem& files, std::string folder, Logger& log);
  virtual ~RocksdbRows() = default;

  /// 0 when it is nowhere.
  virtual Result<Place> find(Fingerprint fingerprint) const = 0;
  /// The same from RAM; nothing when that does not tell.
  virtual std::optional<Place> try_find(Fingerprint fingerprint) const = 0;
  /// From the filters in RAM.
  virtual bool may_contain(Fingerprint fingerprint) const noexcept = 0;
  /// By offset.
  virtual Result<std::vector<Row>> rows_of(SegmentNumber segment) const = 0;
  /// Those that have rows.
  virtual Result<std::vector<SegmentNumber>> segments() const = 0;
  virtual Result<bool> empty() const = 0;
  /// The text of the last write() that had one, unless one without followed it.
  virtual Result<std::optional<std::string>> checkpoint() const = 0;

  /// All or nothing. Without a checkpoint the one before is gone: the rows are between two.
  virtual Status write(std::span<const RowChange> changes, const std::optional<std::string>& checkpoint) = 0;
  /// Makes all that was written durable.
  virtual Status flush() = 0;
  /// Removes the folder and makes an empty one.
  virtual Status reset() = 0;

  struct Usage {
    std::uint64_t disk_bytes = 0;
    std::uint64_t memory_bytes = 0;
  };
  virtual Usage usage() const = 0;
  /// What `disk_bytes` is afterwards at most, whatever RocksDB has under way, when `changes` and a checkpoint of
  /// `checkpoint_bytes` are written to rows that took `disk_bytes`.
  static std::uint64_t disk_bound(std::uint64_t disk_bytes, std::uint64_t changes, std::uint64_t checkpoint_bytes);

  /// Why open() or somebody's note emptied the folder; once.
  virtual std::optional<std::string> take_damage() = 0;
  /// Makes the next open() begin empty.
  virtual void mark_damaged() = 0;
};

}  // namespace seekfs::segmentstore
