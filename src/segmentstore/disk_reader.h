// Reads of one directory: from the queue, from the page cache on the caller's thread, else on a pool with a deadline.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "async/task.h"
#include "async/thread_pool.h"
#include "l2/l2.h"
#include "segmentstore/disk_shared.h"
#include "segmentstore/read_buffers.h"

namespace seekfs::segmentstore {

/// Thread-safe. The destructor waits for reads that the kernel has not answered, those that nobody waits for included.
class DiskReader {
 public:
  explicit DiskReader(DiskShared& shared);

  bool may_contain(const manifest::PageKey& key, const l2::PageFacts& facts) const;
  /// As l2::L2::get. Never later than the read deadline, whatever the disk does; later is an Error `timeout`.
  async::Task<bool> get(manifest::PageKey key, l2::PageFacts facts, std::span<std::byte> out);

 private:
  struct PendingRead;
  struct Wanted {
    manifest::PageKey key;
    std::uint32_t crc32c = 0;
    TenantId tenant = unknown_tenant;
    std::optional<LegacyName> legacy;
  };

  async::Task<bool> get_on_pool(std::shared_ptr<SegmentStore> store, Wanted wanted, std::span<std::byte> out);
  Result<bool> read_stored(SegmentStore& store, const Wanted& wanted, PendingRead& pending);
  Result<bool> read_legacy(const Wanted& wanted, PendingRead& pending);

  DiskShared& shared_;
  ReadBuffers buffers_;
  async::ThreadPool pool_;  ///< last: its threads use the rest
};

}  // namespace seekfs::segmentstore
