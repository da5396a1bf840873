// The segments of a store by number.
#pragma once

#include <map>
#include <vector>

#include "base/mutex.h"
#include "segmentstore/segment.h"

namespace seekfs::segmentstore {

/// Thread-safe.
class SegmentTable {
 public:
  /// Null when there is none: it was freed.
  SegmentRef find(SegmentNumber number) const {
    MutexLock lock(mutex_);
    const auto found = segments_.find(number);
    return found == segments_.end() ? nullptr : found->second;
  }
  void add(SegmentRef segment) {
    MutexLock lock(mutex_);
    const SegmentNumber number = segment->number();
    segments_.insert_or_assign(number, std::move(segment));
  }
  void remove(SegmentNumber number) {
    SegmentRef removed;  // closes its file after the lock, when nobody reads it
    MutexLock lock(mutex_);
    const auto found = segments_.find(number);
    if (found == segments_.end()) return;
    removed = std::move(found->second);
    segments_.erase(found);
  }
  /// Oldest first.
  std::vector<SegmentRef> all() const {
    MutexLock lock(mutex_);
    std::vector<SegmentRef> segments;
    segments.reserve(segments_.size());
    for (const auto& [number, segment] : segments_) segments.push_back(segment);
    return segments;
  }
  std::size_t size() const {
    MutexLock lock(mutex_);
    return segments_.size();
  }

 private:
  mutable Mutex mutex_;
  std::map<SegmentNumber, SegmentRef> segments_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::segmentstore
