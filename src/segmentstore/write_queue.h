// Pages of one directory that were offered and are not on disk yet.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/sha256.h"
#include "segmentstore/segment_store.h"

namespace seekfs::segmentstore {

/// A page on its way to disk.
struct Offer {
  NewPage page;
  std::optional<Sha256Digest> legacy_file;  ///< where it comes from; the file goes once the page is in its segment
};

/// In order of arrival, at most `max_bytes` of pages, those that are being written included (a single larger one fits
/// an empty queue). Thread-safe; one thread writes: take_batch, removed_meanwhile, finish_batch.
class WriteQueue {
 public:
  explicit WriteQueue(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  /// known: the page is here already.
  enum class Answer : std::uint8_t { taken, known, full };
  Answer offer(Offer offer);

  struct Found {
    PageRef page;          ///< empty: not here
    bool removed = false;  ///< remove() came while it was being written: what the store says of it does not count
  };
  Found find(const manifest::PageKey& key) const;
  void remove(const manifest::PageKey& key);

  /// The pages to write next, at most `max_bytes` of them but at least one; empty when none waits. They stay findable
  /// until finish_batch().
  std::vector<Offer> take_batch(std::uint64_t max_bytes);
  /// Which pages of the batch remove() was called for since.
  std::vector<manifest::PageKey> removed_meanwhile() const;
  void finish_batch();

  /// Forgets what waits, but for the batch that is being written; how many pages.
  std::size_t drop_waiting();
  bool empty() const noexcept { return pages_.load(std::memory_order_acquire) == 0; }
  bool has_waiting() const;
  /// Returns when all that was offered before is written or gone.
  void wait_settled() const;

 private:
  struct Waiting {
    Offer offer;
    std::uint64_t number = 0;
  };
  using Order = std::list<Waiting>;
  struct Writing {
    PageRef page;
    bool removed = false;
  };

  bool settled(std::uint64_t number) const SEEKFS_REQUIRES(mutex_);
  void account(const Order& gone) SEEKFS_REQUIRES(mutex_);

  const std::uint64_t max_bytes_;
  std::atomic<std::size_t> pages_{0};  ///< waiting and writing; read without the lock by readers
  mutable Mutex mutex_;
  mutable CondVar changed_;
  Order waiting_ SEEKFS_GUARDED_BY(mutex_);
  std::unordered_map<manifest::PageKey, Order::iterator, manifest::PageKeyHash> by_key_ SEEKFS_GUARDED_BY(mutex_);
  std::unordered_map<manifest::PageKey, Writing, manifest::PageKeyHash> writing_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t waiting_bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t writing_bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_number_ SEEKFS_GUARDED_BY(mutex_) = 0;     ///< of the newest offer that was taken
  std::uint64_t writing_number_ SEEKFS_GUARDED_BY(mutex_) = 0;  ///< of the first page of the batch
};

}  // namespace seekfs::segmentstore
