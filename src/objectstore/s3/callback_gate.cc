// Letting calls in one by one until nobody wants them.
#include "objectstore/s3/callback_gate.h"

namespace seekfs::objectstore::s3 {

bool CallbackGate::enter() {
  MutexLock lock(mutex_);
  if (refused_) return false;
  inside_ = true;
  caller_ = std::this_thread::get_id();
  return true;
}

bool CallbackGate::leave() {
  MutexLock lock(mutex_);
  inside_ = false;
  // Under the lock: the closer may free this object once it sees that nobody is inside.
  if (refused_) left_.notify_all();
  return !refused_;
}

void CallbackGate::refuse() {
  MutexLock lock(mutex_);
  refused_ = true;
}

void CallbackGate::close() {
  MutexLock lock(mutex_);
  refused_ = true;
  if (caller_ == std::this_thread::get_id()) return;
  while (inside_) left_.wait(mutex_);
}

}  // namespace seekfs::objectstore::s3
