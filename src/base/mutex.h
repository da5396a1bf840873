// A mutex that clang's thread-safety analysis understands; every guarded member in the program names one of these.
#pragma once

#include <condition_variable>
#include <mutex>

#define SEEKFS_CAPABILITY(x) __attribute__((capability(x)))
#define SEEKFS_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define SEEKFS_GUARDED_BY(x) __attribute__((guarded_by(x)))
#define SEEKFS_PT_GUARDED_BY(x) __attribute__((pt_guarded_by(x)))
#define SEEKFS_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define SEEKFS_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define SEEKFS_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define SEEKFS_TRY_ACQUIRE(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define SEEKFS_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define SEEKFS_RETURN_CAPABILITY(x) __attribute__((lock_returned(x)))
#define SEEKFS_NO_THREAD_SAFETY_ANALYSIS __attribute__((no_thread_safety_analysis))

namespace seekfs {

/// std::mutex with annotations. At most one is held at a time unless a comment at the class states the order, and none
/// is held across a wait other than CondVar's on the same mutex.
class SEEKFS_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() SEEKFS_ACQUIRE() { mutex_.lock(); }
  void unlock() SEEKFS_RELEASE() { mutex_.unlock(); }
  bool try_lock() SEEKFS_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope; may be released early with unlock().
class SEEKFS_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) SEEKFS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() SEEKFS_RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void unlock() SEEKFS_RELEASE() {
    mutex_.unlock();
    held_ = false;
  }
  void lock() SEEKFS_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

/// A condition variable for Mutex. The caller holds the mutex and re-checks its condition in a loop.
class CondVar {
 public:
  void wait(Mutex& mutex) SEEKFS_REQUIRES(mutex) { variable_.wait(mutex); }
  template <class TimePoint>
  void wait_until(Mutex& mutex, TimePoint deadline) SEEKFS_REQUIRES(mutex) {
    variable_.wait_until(mutex, deadline);
  }
  void notify_one() { variable_.notify_one(); }
  void notify_all() { variable_.notify_all(); }

 private:
  std::condition_variable_any variable_;
};

}  // namespace seekfs
