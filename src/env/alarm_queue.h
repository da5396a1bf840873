// The alarms of one clock: a queue in order of time and the thread that rings them. Used by clock.cc alone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "env/clock.h"

namespace seekfs::env {

/// Rings one alarm at a time, whichever thread does it. Follows the machine's monotonic clock, or a time of its own
/// that only advance() moves. Thread-safe. Shared by the clock and its alarms, which may outlive the clock.
class AlarmQueue : public std::enable_shared_from_this<AlarmQueue> {
 public:
  struct Entry {
    std::function<void()> ring;
    std::optional<std::pair<TimePoint, std::uint64_t>> place;  ///< in the queue; guarded by the queue's mutex
  };

  /// Without `manual_start` time is the machine's.
  explicit AlarmQueue(std::optional<TimePoint> manual_start = std::nullopt);
  ~AlarmQueue();

  TimePoint now() const;
  std::unique_ptr<Alarm> make_alarm(std::function<void()> ring);
  void set(const std::shared_ptr<Entry>& entry, TimePoint when);
  /// When it returns, the entry is not ringing (unless this is the thread on which it rings) and never will.
  void forget(const std::shared_ptr<Entry>& entry);
  /// Moves manual time, ringing on this thread what falls due, in order. Not from within a ring.
  void advance(Duration by);
  /// No alarm rings after this. Not from within a ring.
  void stop();

 private:
  TimePoint current() const SEEKFS_REQUIRES(mutex_);
  void sleep() SEEKFS_REQUIRES(mutex_);
  bool due() const SEEKFS_REQUIRES(mutex_);
  void ring_first() SEEKFS_REQUIRES(mutex_);
  void run();

  const bool manual_;
  mutable Mutex mutex_;
  CondVar changed_;
  /// Equal times ring in the order in which they were set.
  std::map<std::pair<TimePoint, std::uint64_t>, std::shared_ptr<Entry>> queue_ SEEKFS_GUARDED_BY(mutex_);
  TimePoint manual_now_ SEEKFS_GUARDED_BY(mutex_);
  /// When the thread looks at the queue again unless it is told: an alarm that comes later need not wake it.
  TimePoint wakes_at_ SEEKFS_GUARDED_BY(mutex_) = TimePoint::min();
  std::uint64_t next_number_ SEEKFS_GUARDED_BY(mutex_) = 0;
  bool busy_ SEEKFS_GUARDED_BY(mutex_) = false;  ///< some thread is ringing; nobody else may
  const Entry* ringing_ SEEKFS_GUARDED_BY(mutex_) = nullptr;
  std::thread::id ringer_ SEEKFS_GUARDED_BY(mutex_);
  bool stopped_ SEEKFS_GUARDED_BY(mutex_) = false;
  std::thread thread_ SEEKFS_GUARDED_BY(mutex_);  ///< started by the first alarm that needs it
};

}  // namespace seekfs::env
