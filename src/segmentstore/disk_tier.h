// One directory of the L2 on disk: its store, its readers, its writer.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "async/task.h"
#include "async/thread_pool.h"
#include "l2/l2.h"
#include "l2/l2_admin.h"
#include "segmentstore/disk_reader.h"
#include "segmentstore/disk_shared.h"
#include "segmentstore/disk_writer.h"

namespace seekfs::segmentstore {

/// As l2::L2 for the pages of one directory; its own disk is all that can slow it down or stop it. Thread-safe.
class DiskTier {
 public:
  DiskTier(const TierParts& parts, const TierOptions& options, StoreOptions disk, StoreOpener opener);
  /// Writes what was offered and closes the store. Waits for the kernel where it does not answer.
  ~DiskTier() = default;

  /// As DiskWriter.
  Status wait_until_opened() { return writer_.wait_until_opened(); }
  void begin_stop() { writer_.begin_stop(); }

  bool may_contain(const manifest::PageKey& key, const l2::PageFacts& facts) const;
  async::Task<bool> get(manifest::PageKey key, l2::PageFacts facts, std::span<std::byte> out);
  void put(const manifest::PageKey& key, const l2::PageFacts& facts, PageRef page);
  void remove(const manifest::PageKey& key);
  void flush() const { shared_.queue.wait_settled(); }
  l2::DiskStatus status() const;
  const std::string& path() const noexcept { return shared_.path(); }
  /// What metrics read, also when this object is gone.
  std::shared_ptr<const StoreSlot> slot() const { return shared_.slot; }

  /// Beside everything else, on a thread of its own.
  async::Task<l2::CheckReport> check();
  async::Task<void> compact();
  async::Task<void> drop_all();
  void cancel_long_work();

 private:
  DiskShared shared_;
  std::atomic<bool> cancelled_{false};  ///< long work, for good
  DiskReader reader_;
  async::ThreadPool check_pool_{"l2-check", 1};
  DiskWriter writer_;  ///< stops first, and waits until no reader holds the store
};

}  // namespace seekfs::segmentstore
