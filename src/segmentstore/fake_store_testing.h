// A disk in memory that a test breaks, slows down and watches, behind the interface of a segment store.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "segmentstore/tier_options.h"

namespace seekfs::segmentstore {

/// What a call of the store is, for failing, holding and counting.
enum class FakeOp : std::uint8_t { open, read, append, checkpoint, upkeep, close, destroy, check };

/// Outlives the stores that are opened on it. Its pages survive them. Two stores at once, or two calls at once that may
/// not run beside each other, fail the test. Thread-safe.
class FakeDisk {
 public:
  StoreOpener opener();

  /// From now on such calls fail with that code, until nullopt is given.
  void fail(FakeOp op, std::optional<ErrorCode> code);
  /// Such calls wait at their beginning until release().
  void hold(FakeOp op);
  void release(FakeOp op);
  /// Whether try_read finds every page in the page cache (the default) or none.
  void set_cached(bool cached);
  /// upkeep() moves that much in all, at most what it is asked for at a time.
  void set_upkeep_left(std::uint64_t bytes);

  /// How many such calls began, and waiting until there were so many.
  std::uint64_t begun(FakeOp op) const;
  void wait_until_begun(FakeOp op, std::uint64_t times) const;
  /// Pages of each append that succeeded, in order.
  std::vector<std::size_t> batches() const;
  /// What changed the store, in order: "append", "checkpoint", "upkeep", "compact", "drop_all", "close".
  std::vector<std::string> history() const;
  /// history() once it has so many entries.
  std::vector<std::string> wait_for_history(std::size_t entries) const;
  bool holds(const manifest::PageKey& key) const;
  std::size_t size() const;

 private:
  class Store;

  /// Counts, waits while held, and fails as told.
  Status enter(FakeOp op);
  void note(const std::string& what);
  std::uint64_t count(FakeOp op) const SEEKFS_REQUIRES(mutex_);

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::map<FakeOp, ErrorCode> failing_ SEEKFS_GUARDED_BY(mutex_);
  std::map<FakeOp, bool> held_ SEEKFS_GUARDED_BY(mutex_);
  std::map<FakeOp, std::uint64_t> begun_ SEEKFS_GUARDED_BY(mutex_);
  std::map<manifest::PageKey, std::vector<std::byte>> pages_ SEEKFS_GUARDED_BY(mutex_);
  std::vector<TenantBytes> tenants_ SEEKFS_GUARDED_BY(mutex_);  ///< of all pages that were ever put
  std::vector<std::size_t> batches_ SEEKFS_GUARDED_BY(mutex_);
  std::vector<std::string> history_ SEEKFS_GUARDED_BY(mutex_);
  bool cached_ SEEKFS_GUARDED_BY(mutex_) = true;
  bool open_ SEEKFS_GUARDED_BY(mutex_) = false;
  std::uint64_t upkeep_left_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace seekfs::segmentstore
