// A bell for one thread that waits for any of several things to happen.
#pragma once

#include "base/mutex.h"

namespace seekfs::segmentstore {

/// ring() before wait() is not lost. Thread-safe; one thread waits. Held by a shared pointer by whoever rings from
/// elsewhere, timers above all, so that a late ring finds it.
class WakeUp {
 public:
  void ring() {
    MutexLock lock(mutex_);
    rung_ = true;
    changed_.notify_one();
  }
  /// Returns once it rang since the last wait().
  void wait() {
    MutexLock lock(mutex_);
    while (!rung_) changed_.wait(mutex_);
    rung_ = false;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool rung_ SEEKFS_GUARDED_BY(mutex_) = false;
};

}  // namespace seekfs::segmentstore
