// The open store of a directory, lent to readers, and taken away from them when its disk is switched off.
#pragma once

#include <memory>

#include "base/mutex.h"
#include "segmentstore/segment_store.h"
#include "segmentstore/wake_up.h"

namespace seekfs::segmentstore {

/// A store is closed by the thread that opens it, never by the reader who happens to let go of it last: closing does
/// I/O and gives back the index's memory. So a store that nobody holds any more waits here until that thread takes it.
/// Thread-safe.
class StoreSlot {
 public:
  /// `changed` rings when a store can be taken.
  explicit StoreSlot(std::shared_ptr<WakeUp> changed);
  ~StoreSlot();
  StoreSlot(const StoreSlot&) = delete;
  StoreSlot& operator=(const StoreSlot&) = delete;

  /// Only while vacant().
  void fill(std::unique_ptr<SegmentStore> store);
  /// Null while there is none. Whoever holds it keeps the directory from being opened again.
  std::shared_ptr<SegmentStore> get() const;
  /// get() gives nothing from now on.
  void empty();
  /// The store that was here before empty(), once nobody holds it; else null.
  std::unique_ptr<SegmentStore> take_retired();
  /// No store is here, lent, or waiting to be taken.
  bool vacant() const;
  /// Counters cover all stores that were ever here; the rest is of the one that is here now.
  StoreStats stats() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< also held by what readers borrowed
};

}  // namespace seekfs::segmentstore
