// Whether the object store answers, as seen by what was last asked of it.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/mutex.h"

namespace seekfs::reader {

/// Thread-safe.
class StoreHealth {
 public:
  void answered() {
    MutexLock lock(mutex_);
    problem_.reset();
  }
  /// An error about one namespace or one object means that the store did answer.
  void failed(const Error& error) {
    const bool away = error.code == ErrorCode::origin_unavailable || error.code == ErrorCode::origin_denied ||
                      error.code == ErrorCode::timeout;
    MutexLock lock(mutex_);
    problem_ = away ? std::optional(error.message) : std::nullopt;
  }
  /// Why it did not answer; nothing when it did, or was not asked yet.
  std::optional<std::string> problem() const {
    MutexLock lock(mutex_);
    return problem_;
  }

 private:
  mutable Mutex mutex_;
  std::optional<std::string> problem_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::reader
