// What the daemon keeps of one hint; shared by the table that knows its id and by the prefetcher.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "reader/hint.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// What the pages of all known hints take of L1, in bytes. Thread-safe.
class L1Share {
 public:
  explicit L1Share(std::uint64_t limit) : limit_(limit) {}
  bool take(std::uint64_t bytes) noexcept {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
};

/// Thread-safe but for what is said of `work`.
class HintRecord {
 public:
  /// What is to be prefetched. The prefetcher's, from when it gets the record until it says that the hint has ended.
  struct Work {
    VersionRef version;
    std::vector<HintWindow> windows;
  };

  HintRecord(HintStatus status, Work hint_work, env::TimePoint expires, std::uint64_t sequence,
             std::shared_ptr<L1Share> share)
      : work(std::move(hint_work)),
        expires_(expires),
        sequence_(sequence),
        priority_(status.priority),
        share_(std::move(share)),
        status_(std::move(status)) {}
  ~HintRecord() { share_->give_back(in_l1_); }
  HintRecord(const HintRecord&) = delete;
  HintRecord& operator=(const HintRecord&) = delete;

  env::TimePoint expires() const noexcept { return expires_; }
  std::uint64_t sequence() const noexcept { return sequence_; }
  /// Whether this one's pages are wanted before the other's.
  bool goes_before(const HintRecord& other) const noexcept {
    return priority_ != other.priority_ ? priority_ > other.priority_ : sequence_ < other.sequence_;
  }

  HintStatus status() const {
    MutexLock lock(mutex_);
    return status_;
  }
  bool ended() const {
    MutexLock lock(mutex_);
    return is_final(status_.state);
  }
  /// Changes the status; false, and without effect, once it is final.
  template <class Change>
  bool update(Change change) {
    MutexLock lock(mutex_);
    if (is_final(status_.state)) return false;
    change(status_);
    return true;
  }

  /// A page of this hint may go into L1; its share is given back when the record is forgotten.
  bool take_l1(std::uint64_t bytes) noexcept {
    if (!share_->take(bytes)) return false;
    in_l1_ += bytes;
    return true;
  }

  /// The page did not come after all.
  void return_l1(std::uint64_t bytes) noexcept {
    in_l1_ -= bytes;
    share_->give_back(bytes);
  }

  Work work;

 private:
  const env::TimePoint expires_;
  const std::uint64_t sequence_;
  const std::uint64_t priority_;
  const std::shared_ptr<L1Share> share_;
  std::atomic<std::uint64_t> in_l1_{0};
  mutable Mutex mutex_;
  HintStatus status_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::reader
