// The one thread that changes a directory: opens it, writes what was offered, tidies, saves, and opens it again after
// its disk was switched off.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"
#include "segmentstore/disk_shared.h"
#include "segmentstore/mount_guard.h"
#include "segmentstore/upkeep_pace.h"

namespace seekfs::segmentstore {

/// Thread-safe.
class DiskWriter {
 public:
  /// Starts the thread, which opens the directory.
  DiskWriter(DiskShared& shared, StoreOpener opener);
  /// Writes what was offered, closes the store, and waits for what the kernel has not answered.
  ~DiskWriter();
  DiskWriter(const DiskWriter&) = delete;
  DiskWriter& operator=(const DiskWriter&) = delete;

  /// Blocks until the first attempt to open the directory is over. An Error (`denied`, `conflict`, `invalid`) is for a
  /// person to mend; with any other the disk starts switched off.
  Status wait_until_opened();
  /// The destructor's work begins; returns at once.
  void begin_stop();

  /// `work` runs on the thread, between two batches; `transient` when the disk is off.
  template <class T>
  async::Promise<T> run(std::move_only_function<Result<T>(SegmentStore&)> work) {
    async::Promise<T> done;
    add([done, work = std::move(work)](Result<SegmentStore*> store) mutable -> Status {
      Result<T> result = store ? work(**store) : Result<T>(std::unexpected(store.error()));
      Status status;
      if (!result && store) status = std::unexpected(result.error());
      work = nullptr;
      done.set(std::move(result));
      return status;
    });
    return done;
  }

 private:
  /// Gets the store or why there is none; what it returns counts as an error of the disk.
  using Command = std::move_only_function<Status(Result<SegmentStore*>)>;

  void add(Command command);
  void main();
  void work_while_up();
  void work_while_off();
  void finish();
  Status open_store();
  void try_again();
  bool run_command();
  bool append_batch();
  void make_room_of_legacy_pages(SegmentStore& store);
  void batch_is_in(SegmentStore& store, const std::vector<Offer>& batch, bool whole);
  bool upkeep_step();
  void checkpoint_when_due();
  void note_change(std::uint64_t bytes);
  env::TimePoint next_event() const;
  void wait_until_event(env::TimePoint when);
  bool stopping() const;

  DiskShared& shared_;
  const StoreOpener opener_;

  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ SEEKFS_GUARDED_BY(mutex_) = false;
  bool done_ SEEKFS_GUARDED_BY(mutex_) = false;  ///< no command is run any more
  std::deque<Command> commands_ SEEKFS_GUARDED_BY(mutex_);
  std::optional<Status> first_open_ SEEKFS_GUARDED_BY(mutex_);

  // Of the thread alone.
  MountGuard mount_guard_;
  UpkeepPace pace_;
  bool upkeep_wanted_ = false;
  std::uint32_t batches_since_upkeep_ = 0;
  std::optional<std::uint64_t> segments_seen_;  ///< ever begun, when legacy pages were last looked at
  std::uint64_t evicted_seen_ = 0;              ///< segments, then
  bool unsaved_ = false;
  std::uint64_t unsaved_bytes_ = 0;
  env::TimePoint unsaved_since_;

  std::thread thread_;
};

}  // namespace seekfs::segmentstore
