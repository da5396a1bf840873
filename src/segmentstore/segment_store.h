// One directory of pages on disk: appends, look-ups, eviction, compaction, checkpoints and recovery. Synchronous and
// without threads of its own, so that a test can replay every step of it; segment_tier.h is the L2 made of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/page.h"
#include "env/file.h"
#include "env/random.h"
#include "l2/l2_admin.h"
#include "manifest/page_key.h"
#include "segmentstore/tenant.h"

namespace seekfs::segmentstore {

enum class IndexKind : std::uint8_t { native, rocksdb };

struct StoreOptions {
  std::string path;
  std::uint64_t capacity = 0;        ///< bytes on disk that the directory may take, everything in it counted
  std::uint64_t segment_size = 0;    ///< as configured; the store takes the smaller of it and capacity / 16
  std::uint64_t min_free_bytes = 0;  ///< of the file system; it evicts rather than leave less
  IndexKind index = IndexKind::native;
  bool may_evict = true;  ///< false: a tool that only looks; what has no room then is an error
};

/// All outlive the store.
struct StoreParts {
  env::FileSystem& files;
  env::Random& random;  ///< names a new store
  Logger& log;
};

/// A page to append; `page` has key.len bytes, whose CRC32C is `crc32c`.
struct NewPage {
  manifest::PageKey key;
  std::uint32_t crc32c = 0;
  PageRef page;
  TenantId tenant = unknown_tenant;  ///< of the namespace that it belongs to
};

struct StoreStats {
  std::uint64_t pages = 0;
  std::uint64_t live_bytes = 0;  ///< of records that the index points to, headers included
  std::uint64_t segments = 0;
  std::uint64_t segment_bytes = 0;  ///< allocated for segments on disk
  std::uint64_t disk_bytes = 0;     ///< everything in the directory; never above the capacity
  std::uint64_t capacity_bytes = 0;
  std::uint64_t index_bytes = 0;  ///< RAM
  std::uint64_t evicted_pages = 0;
  std::uint64_t evicted_segments = 0;
  std::uint64_t put_bytes = 0;      ///< payload that was taken in
  std::uint64_t written_bytes = 0;  ///< everything written to disk: records, carried ones, footers, snapshots
  std::uint64_t damaged_pages = 0;  ///< records that were not what the index said
};

/// A record of the index, as `cache ls` shows it.
struct StoredPage {
  manifest::PageKey key;
  std::uint32_t crc32c = 0;
};

/// How a read without waiting ended.
enum class ReadOutcome : std::uint8_t { hit, miss, would_block };

/// may_contain, read, try_read, remove, stats, check and list are thread-safe and run beside everything else. The
/// others change the store and are called by one thread at a time.
///
/// Bytes that read() gives are those that were written for exactly that key, as far as the record's header can tell:
/// key, place, store and the CRC32C that the caller expects. The payload itself is checked by the caller
/// (fetch/verify.h), so that it is read once only.
class SegmentStore {
 public:
  /// Creates the directory (0700) or opens what is there: locks it, reads the index, replays what follows it, and
  /// rebuilds it from the segments where it is missing or damaged. Files in it that are not the store's are left alone
  /// and counted. Errors: `denied` (not writable), `conflict` (another process has it; names its PID), `invalid` (a
  /// network file system; a capacity below min_capacity), `exhausted`, `transient`.
  static Result<std::unique_ptr<SegmentStore>> open(StoreParts parts, StoreOptions options);
  static constexpr std::uint64_t min_capacity = 1U << 20U;

  /// Lets go of the directory as a kill would, without a checkpoint; close() first keeps the next start short.
  virtual ~SegmentStore() = default;

  /// Does no I/O.
  virtual bool may_contain(const manifest::PageKey& key) const = 0;
  /// False: the page is not here. `out` has key.len bytes. An Error means that the disk failed.
  virtual Result<bool> read(const manifest::PageKey& key, std::uint32_t crc32c, std::span<std::byte> out) = 0;
  /// The same from the page cache alone; would_block: ask read(), on a thread that may wait.
  virtual Result<ReadOutcome> try_read(const manifest::PageKey& key, std::uint32_t crc32c,
                                       std::span<std::byte> out) = 0;
  /// Forgets the page; its bytes stay on disk until their segment goes.
  virtual void remove(const manifest::PageKey& key) = 0;
  virtual StoreStats stats() const = 0;
  /// Live bytes of namespaces, those that are known since the start: pages that were written before it count for nobody
  /// until they are carried over. In no order.
  virtual std::vector<TenantBytes> tenants() const = 0;

  /// Appends in one write where it can, then makes the pages findable. Those that are here already, or can't fit any
  /// segment, are passed over. Evicts when space is needed. On an Error the pages up to some point are in and the rest
  /// is not; a segment that failed is sealed and never written again.
  virtual Status append(std::span<const NewPage> pages) = 0;
  /// Makes what was appended durable and saves the index when enough changed.
  virtual Status checkpoint() = 0;
  /// Moves at most about `max_bytes` of pages out of a segment that is being evicted or compacted, and begins to
  /// compact one when its live share is below a half; how many bytes it moved. False in `more`: nothing is left to do.
  struct Upkeep {
    std::uint64_t moved_bytes = 0;
    bool more = false;
  };
  virtual Result<Upkeep> upkeep(std::uint64_t max_bytes) = 0;
  /// Compacts every segment that has anything to give back, at once.
  virtual Status compact() = 0;
  virtual Status drop_all() = 0;
  /// Reads every page that the index knows and forgets the damaged ones. Pages that the disk can't read are reported
  /// too, and kept.
  virtual Result<l2::CheckReport> check() = 0;
  /// Calls `each` for every page, in no order, reading every header.
  virtual Status list(const std::function<void(const StoredPage&)>& each) = 0;
  /// check(), list() and compact() that run, or begin later, end with `cancelled` as soon as they have done a segment's
  /// worth: the store is about to be closed. Thread-safe.
  virtual void cancel_long_work() noexcept = 0;
  /// The last checkpoint, index included. Nothing is appended afterwards.
  virtual Status close() = 0;
};

}  // namespace seekfs::segmentstore
