// What an operator may ask of a local cache on disk: how it is, whether its bytes are right, and to tidy up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "async/task.h"

namespace seekfs::l2 {

/// One directory of the cache.
struct DiskStatus {
  std::string path;
  bool up = false;
  std::string detail;  ///< why it is down, for a person; empty when it is up
  std::uint64_t pages = 0;
  std::uint64_t live_bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t disk_bytes = 0;  ///< everything in the directory
  std::uint64_t capacity_bytes = 0;
  std::uint64_t index_bytes = 0;  ///< RAM
  std::uint64_t evicted_pages = 0;
  std::uint64_t evicted_segments = 0;
  std::uint64_t put_bytes = 0;      ///< payload taken in
  std::uint64_t written_bytes = 0;  ///< written to disk; over put_bytes it is the write amplification
  std::uint64_t dropped_pages = 0;  ///< offered and not taken: busy, full or down
  std::uint64_t damaged_pages = 0;
};

/// A page that is not what was written.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;
  std::string what;
};

inline constexpr std::size_t max_listed_damage = 1000;

struct CheckReport {
  std::uint64_t pages = 0;  ///< good ones
  std::uint64_t bytes = 0;
  std::vector<Damage> damage;  ///< at most max_listed_damage; damage_count counts them all
  std::uint64_t damage_count = 0;
};

/// Implemented by the tiers that live on disk. Thread-safe. The tasks do their work on the tier's own threads, beside
/// the traffic, and report the first directory that failed after all were tried.
class L2Admin {
 public:
  virtual ~L2Admin() = default;
  virtual std::vector<DiskStatus> disks() const = 0;
  /// Reads every page; the damaged ones are forgotten.
  virtual async::Task<CheckReport> check() = 0;
  /// Gives back the disk space of pages that were removed.
  virtual async::Task<void> compact() = 0;
  virtual async::Task<void> drop_all() = 0;
  /// check() and compact() that run, or begin later, end soon with `cancelled`: for the end of the program, which would
  /// wait for them.
  virtual void cancel_long_work() {}
};

}  // namespace seekfs::l2
