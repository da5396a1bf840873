// Lending by a shared pointer whose deleter puts the store back.
#include "segmentstore/store_slot.h"

#include <utility>

namespace seekfs::segmentstore {
namespace {

/// Adds the counters of `from`, the numbers that must not fall when a store is opened anew.
void add_counters(StoreStats& to, const StoreStats& from) {
  to.evicted_pages += from.evicted_pages;
  to.evicted_segments += from.evicted_segments;
  to.put_bytes += from.put_bytes;
  to.written_bytes += from.written_bytes;
  to.damaged_pages += from.damaged_pages;
}

}  // namespace

/// Lock order: this mutex, then the wake-up's.
struct StoreSlot::State {
  explicit State(std::shared_ptr<WakeUp> wake_up) : changed(std::move(wake_up)) {}

  const std::shared_ptr<WakeUp> changed;
  mutable Mutex mutex;
  std::shared_ptr<SegmentStore> current SEEKFS_GUARDED_BY(mutex);
  std::unique_ptr<SegmentStore> retired SEEKFS_GUARDED_BY(mutex);
  bool exists SEEKFS_GUARDED_BY(mutex) = false;  ///< from fill() to take_retired()
  StoreStats leaving SEEKFS_GUARDED_BY(mutex);   ///< counters of the one that is emptied but not taken yet
  StoreStats past SEEKFS_GUARDED_BY(mutex);      ///< counters of stores that were taken
};

StoreSlot::StoreSlot(std::shared_ptr<WakeUp> changed) : state_(std::make_shared<State>(std::move(changed))) {}

StoreSlot::~StoreSlot() { empty(); }

void StoreSlot::fill(std::unique_ptr<SegmentStore> store) {
  std::shared_ptr<SegmentStore> lent(store.release(), [state = state_](SegmentStore* returned) {
    MutexLock lock(state->mutex);
    state->retired.reset(returned);
    state->changed->ring();
  });
  MutexLock lock(state_->mutex);
  state_->current = std::move(lent);
  state_->exists = true;
}

std::shared_ptr<SegmentStore> StoreSlot::get() const {
  MutexLock lock(state_->mutex);
  return state_->current;
}

void StoreSlot::empty() {
  std::shared_ptr<SegmentStore> dropped = get();  // let go of after the lock: its deleter takes it
  if (!dropped) return;
  // Else a check of many terabytes would keep the directory from being opened again.
  dropped->cancel_long_work();
  const StoreStats counters = dropped->stats();
  std::shared_ptr<SegmentStore> current;
  MutexLock lock(state_->mutex);
  if (state_->current != dropped) return;
  state_->leaving = counters;
  current.swap(state_->current);
}

std::unique_ptr<SegmentStore> StoreSlot::take_retired() {
  MutexLock lock(state_->mutex);
  if (!state_->retired) return nullptr;
  add_counters(state_->past, state_->retired->stats());
  state_->leaving = {};
  state_->exists = false;
  return std::move(state_->retired);
}

bool StoreSlot::vacant() const {
  MutexLock lock(state_->mutex);
  return !state_->exists;
}

StoreStats StoreSlot::stats() const {
  const std::shared_ptr<SegmentStore> store = get();
  StoreStats stats;
  if (store) stats = store->stats();
  MutexLock lock(state_->mutex);
  if (!store) add_counters(stats, state_->leaving);
  add_counters(stats, state_->past);
  return stats;
}

}  // namespace seekfs::segmentstore
