// A shared value that every hit reads and almost nothing writes: readers on different threads touch neither a common
// lock nor a common reference count.
#pragma once

#include <array>
#include <memory>
#include <utility>

#include "base/metrics.h"
#include "base/mutex.h"

namespace seekfs::reader {

/// One copy of the pointer, with a control block of its own, for each group of threads (metric_slot()). get() is
/// thread-safe; set() is called by one thread at a time, and while it runs, threads may see the old value or the new
/// one.
template <class T>
class SlotShared {
 public:
  /// What set() was given last; null before.
  std::shared_ptr<T> get() const {
    const Slot& slot = slots_[metric_slot()];
    MutexLock lock(slot.mutex);
    return slot.value;
  }

  void set(std::shared_ptr<T> value) {
    for (Slot& slot : slots_) {
      std::shared_ptr<T> own;
      if (value) own = std::shared_ptr<T>(value.get(), [keep = value](T*) {});
      {
        MutexLock lock(slot.mutex);
        std::swap(slot.value, own);
      }
    }
  }

 private:
  struct alignas(64) Slot {
    mutable Mutex mutex;
    std::shared_ptr<T> value SEEKFS_GUARDED_BY(mutex);
  };
  std::array<Slot, metric_slots> slots_;
};

}  // namespace seekfs::reader
