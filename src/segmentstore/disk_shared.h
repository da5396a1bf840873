// What the readers and the writer of one directory have in common, and how its disk is switched off.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/metrics.h"
#include "segmentstore/disk_health.h"
#include "segmentstore/legacy_pages.h"
#include "segmentstore/store_slot.h"
#include "segmentstore/tier_options.h"
#include "segmentstore/wake_up.h"
#include "segmentstore/write_queue.h"

namespace seekfs::segmentstore {

/// Why a page that was offered is not taken.
enum class Drop : std::uint8_t { busy, down, failed };

/// Handles of one directory; they live as long as the registry.
class DiskMetrics {
 public:
  DiskMetrics(MetricsRegistry& metrics, const std::string& directory);

  void set_up(bool up) noexcept { up_.set(up ? 1 : 0); }
  void dropped(Drop why, std::uint64_t pages = 1) noexcept;
  void failed(DiskOp op) noexcept { errors_[static_cast<std::size_t>(op)]->add(); }
  std::uint64_t dropped_pages() const noexcept { return all_dropped_.value(); }

 private:
  Gauge& up_;
  std::array<Counter*, 3> dropped_{};
  std::array<Counter*, disk_op_count> errors_{};
  Counter all_dropped_;  ///< of this tier alone, where the registry's may hold those of one before
};

/// Thread-safe.
struct DiskShared {
  DiskShared(const TierParts& tier_parts, const TierOptions& tier_options, StoreOptions disk);

  /// Counts an error of the disk; the one too many switches it off: nobody gets the store any more, and what waited to
  /// be written is dropped.
  void report(DiskOp op, const Error& error);
  /// `transient`, for who asks something of a directory that is off.
  Error off_error() const;
  env::TimePoint now() const { return parts.timers.clock().now(); }
  const std::string& path() const noexcept { return store_options.path; }

  const TierParts parts;
  const TierOptions options;
  const StoreOptions store_options;
  const std::shared_ptr<WakeUp> wake = std::make_shared<WakeUp>();  ///< of the writer thread
  const std::shared_ptr<StoreSlot> slot = std::make_shared<StoreSlot>(wake);
  DiskHealth health;
  WriteQueue queue;
  LegacyPages legacy;
  DiskMetrics metrics;
  std::atomic<bool> pages_removed{false};  ///< the store has something to save and perhaps to compact
};

}  // namespace seekfs::segmentstore
