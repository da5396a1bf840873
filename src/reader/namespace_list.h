// The names of the namespaces in the store, listed at most once a TTL.
#pragma once

#include <string>
#include <vector>

#include "async/task.h"
#include "base/mutex.h"
#include "env/clock.h"
#include "objectstore/object_store.h"

namespace seekfs::reader {

/// Thread-safe. Callers that come while a list is being read may each read one; the last one is kept.
class NamespaceList {
 public:
  /// Sorted. Errors: those of the store's list.
  async::Task<std::vector<std::string>> get(objectstore::ObjectStore& store, const env::Clock& clock,
                                            env::Duration max_age, env::TimePoint deadline);

 private:
  Mutex mutex_;
  std::vector<std::string> names_ SEEKFS_GUARDED_BY(mutex_);
  env::TimePoint expires_ SEEKFS_GUARDED_BY(mutex_) = env::TimePoint::min();
};

}  // namespace seekfs::reader
