// How often pages that were fetched without being asked for turn out to be read: what running on over more of them is
// worth.
#pragma once

#include "base/mutex.h"

namespace seekfs::fetch {

/// Counts, with the weight of older outcomes halved each time `memory` new ones have come, so that it follows a change
/// of workload. Starts as if `prior_weight` pages had been seen, of which the share `prior` was used. Thread-safe.
class Usefulness {
 public:
  explicit Usefulness(double prior, double prior_weight = 32, double memory = 512)
      : memory_(memory), used_(prior * prior_weight), total_(prior_weight) {}

  /// A page that nobody had asked for was read, for the first time.
  void used() noexcept { note(1); }
  /// It left the cache without having been read.
  void unused() noexcept { note(0); }

  /// The probability that the next such page is used, 0 to 1.
  double probability() const noexcept {
    MutexLock lock(mutex_);
    return used_ / total_;
  }

 private:
  void note(double used) noexcept {
    MutexLock lock(mutex_);
    used_ += used;
    total_ += 1;
    if (total_ < 2 * memory_) return;
    used_ /= 2;
    total_ /= 2;
  }

  const double memory_;
  mutable Mutex mutex_;
  double used_ SEEKFS_GUARDED_BY(mutex_);
  double total_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::fetch
