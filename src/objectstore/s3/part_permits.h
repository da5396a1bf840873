// Permits for the parts of an upload that are sent beside the one under the upload's own permit.
#pragma once

#include <cstddef>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"
#include "objectstore/object_store.h"
#include "objectstore/origin_gate.h"

namespace seekfs::objectstore::s3 {

/// The upload's own permit sends every part if need be: who waits here holds nothing, and close() ends the wait, so
/// that uploads cannot wait for each other, however few permits there are. Thread-safe; its lock is held during no
/// call.
class PartPermits {
 public:
  /// `gate` outlives it. `workers`: how many may wait.
  PartPermits(OriginGate& gate, RequestOptions options, std::size_t workers)
      : gate_(gate), options_(options), waits_(workers) {}

  /// `worker` is below the number of workers, and waits once at a time. Errors as OriginGate::wait(), and cancelled
  /// after close().
  async::Task<OriginGate::Permit> wait(std::size_t worker) {
    const async::Promise<OriginGate::Permit> granted;
    {
      MutexLock lock(mutex_);
      if (closed_) co_return fail(ErrorCode::cancelled, "no part is left to be sent");
      waits_[worker] = granted;
    }
    co_return co_await gate_.wait(options_.purpose, options_.deadline, granted);
  }

  /// No part is left to be sent.
  void close() {
    std::vector<async::Promise<OriginGate::Permit>> waits;
    {
      MutexLock lock(mutex_);
      closed_ = true;
      waits.swap(waits_);
    }
    for (const auto& wait : waits) wait.set(fail(ErrorCode::cancelled, "no part is left to be sent"));
  }

 private:
  OriginGate& gate_;
  const RequestOptions options_;
  Mutex mutex_;
  std::vector<async::Promise<OriginGate::Permit>> waits_ SEEKFS_GUARDED_BY(mutex_);  ///< the last one of each worker
  bool closed_ SEEKFS_GUARDED_BY(mutex_) = false;
};

}  // namespace seekfs::objectstore::s3
