// How often pages that were fetched without being asked for turn out to be read: what running on over more of them is
// worth.
#pragma once

#include <cstdint>

#include "base/mutex.h"

namespace seekfs::fetch {

/// Counts, with the weight of older outcomes halved each time `memory` new ones have come, so that it follows a change
/// of workload. Starts as if `prior_weight` pages had been seen, of which the share `prior` was used. Thread-safe.
class Usefulness {
 public:
  explicit Usefulness(double prior, double prior_weight = 32, double memory = 512)
      : memory_(memory), used_(prior * prior_weight), total_(prior_weight) {}

  /// How many such pages were read, and how many left the cache unread, since the start.
  void observe(std::uint64_t used, std::uint64_t unused) noexcept {
    MutexLock lock(mutex_);
    if (used < seen_used_ || unused < seen_unused_) return;  // another thread has told of later ones
    const auto new_used = static_cast<double>(used - seen_used_);
    const auto new_unused = static_cast<double>(unused - seen_unused_);
    seen_used_ = used;
    seen_unused_ = unused;
    used_ += new_used;
    total_ += new_used + new_unused;
    while (total_ >= 2 * memory_) {
      used_ /= 2;
      total_ /= 2;
    }
  }

  /// The probability that the next such page is used, 0 to 1.
  double probability() const noexcept {
    MutexLock lock(mutex_);
    return used_ / total_;
  }

 private:
  const double memory_;
  mutable Mutex mutex_;
  double used_ SEEKFS_GUARDED_BY(mutex_);
  double total_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t seen_used_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t seen_unused_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace seekfs::fetch
