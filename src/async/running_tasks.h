// Counts what is under way, so that its owner can wait for the end of it before going.
#pragma once

#include <cstddef>

#include "base/mutex.h"

namespace seekfs::async {

/// Thread-safe.
class RunningTasks {
 public:
  /// False once close() was called: nothing new is to be started.
  bool begin() {
    MutexLock lock(mutex_);
    if (closed_) return false;
    ++running_;
    return true;
  }
  /// As begin(), for what follows from a task that is running: it is counted even when closed.
  void continue_with_one_more() {
    MutexLock lock(mutex_);
    ++running_;
  }
  void end() {
    MutexLock lock(mutex_);
    if (--running_ == 0) none_left_.notify_all();
  }
  void close() {
    MutexLock lock(mutex_);
    closed_ = true;
  }
  bool closed() const {
    MutexLock lock(mutex_);
    return closed_;
  }
  /// Blocks until nothing is running; not on a thread that what is running needs.
  void wait_for_none() {
    MutexLock lock(mutex_);
    while (running_ > 0) none_left_.wait(mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar none_left_;
  std::size_t running_ SEEKFS_GUARDED_BY(mutex_) = 0;
  bool closed_ SEEKFS_GUARDED_BY(mutex_) = false;
};

}  // namespace seekfs::async
