// Objects that were found to be other than published, remembered for a while: asking again would cost a request each
// time and give the same answer.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "env/clock.h"
#include "fetch/origin_errors.h"
#include "objectstore/object_store.h"

namespace seekfs::fetch {

/// Thread-safe. Holds at most `limit` objects; the one that was added first goes first.
class ChangedSources {
 public:
  ChangedSources(const env::Clock& clock, env::Duration remember, std::size_t limit = 10'000)
      : clock_(clock), remember_(remember), limit_(limit) {}

  void add(const objectstore::ObjectRef& object, StoreFailure failure);
  /// What was remembered for this object in this state.
  std::optional<StoreFailure> find(const objectstore::ObjectRef& object) const;

 private:
  struct Entry {
    StoreFailure failure;
    env::TimePoint until;
  };
  static std::string identity(const objectstore::ObjectRef& object);

  const env::Clock& clock_;
  const env::Duration remember_;
  const std::size_t limit_;
  mutable Mutex mutex_;
  std::map<std::string, Entry> entries_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::fetch
