// What stands between a transfer and the objects that it calls: once it is closed, none of them is called any more.
#pragma once

#include <thread>

#include "base/mutex.h"

namespace seekfs::objectstore::s3 {

/// One thread calls (enter, leave); any thread may refuse() or close(). Thread-safe.
class CallbackGate {
 public:
  /// Before a call; false: it must not be made.
  bool enter();
  /// After a call that enter() allowed. False: calls were refused meanwhile.
  bool leave();
  /// Lets no further call in. Does not wait for one that is under way.
  void refuse();
  /// refuse(), and when it returns none is under way, except for the one within which it is called.
  void close();

 private:
  Mutex mutex_;
  CondVar left_;
  bool refused_ SEEKFS_GUARDED_BY(mutex_) = false;
  bool inside_ SEEKFS_GUARDED_BY(mutex_) = false;
  std::thread::id caller_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::objectstore::s3
