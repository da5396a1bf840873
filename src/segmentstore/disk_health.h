// Whether a directory's disk is fit for use: switched off after errors in a row, tried again at growing intervals.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/mutex.h"
#include "env/clock.h"

namespace seekfs::segmentstore {

/// What was tried. Errors in a row are counted for each apart: a disk on which every write fails while pages are read
/// from memory is as broken as one on which all fails.
enum class DiskOp : std::uint8_t { read, append, upkeep, checkpoint };
inline constexpr std::size_t disk_op_count = 4;
std::string_view to_string(DiskOp op) noexcept;

/// A circuit breaker (Nygard, "Release It!", 2nd edition, section 5.2): closed is "up", open is "off", and half-open is
/// "up, on trial": after it was opened again, the first error of an operation that has not succeeded since switches the
/// disk off at once. The interval between attempts starts anew only when the disk stayed up for `last_retry`.
/// Thread-safe.
class DiskHealth {
 public:
  struct Options {
    std::uint32_t errors_to_close = 3;  ///< at least 1
    env::Duration first_retry{};
    env::Duration last_retry{};
  };

  /// Off and due for its first attempt, until opened() is called.
  DiskHealth(Options options, env::TimePoint now);

  bool up() const noexcept { return up_.load(std::memory_order_acquire); }
  /// Why it is off, for a person; empty while it is up.
  std::string reason() const;
  /// When the next attempt to open it is due; TimePoint::max() while it is up.
  env::TimePoint retry_at() const;

  void succeeded(DiskOp op) noexcept;
  /// True when this error switched it off: one caller gets that.
  bool failed(DiskOp op, const Error& error, env::TimePoint now);
  void opened(env::TimePoint now);
  /// An attempt to open it failed. It is off, also when it was not.
  void open_failed(const Error& error, env::TimePoint now);

 private:
  void go_off(std::string reason, env::TimePoint now) SEEKFS_REQUIRES(mutex_);

  struct Count {
    std::atomic<std::uint32_t> in_a_row{0};
    std::atomic<bool> on_trial{false};
  };

  const Options options_;
  std::atomic<bool> up_{false};
  std::array<Count, disk_op_count> counts_;
  mutable Mutex mutex_;
  std::string reason_ SEEKFS_GUARDED_BY(mutex_) = "it was not opened yet";
  env::TimePoint retry_at_ SEEKFS_GUARDED_BY(mutex_);
  env::TimePoint up_since_ SEEKFS_GUARDED_BY(mutex_);
  env::Duration next_delay_ SEEKFS_GUARDED_BY(mutex_);
  bool went_off_ SEEKFS_GUARDED_BY(mutex_) = false;  ///< ever
};

}  // namespace seekfs::segmentstore
