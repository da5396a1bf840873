// How an fs store changes: puts and removes that are atomic, conditional, and safe beside other processes.
#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// Thread-safe; everything blocks. Each change takes effect while the lock file is held, unconditional ones too: a put
/// without the lock could land between the check and the rename of a conditional one, which would then replace an
/// object that its condition never saw; a remove likewise. What is done under the lock is short: the check, creating
/// parents, the rename. The same lock keeps the pruning of empty directories from racing a put into them.
class FsWriter {
 public:
  /// All references outlive it.
  FsWriter(env::FileSystem& files, std::string root, env::Clock& clock, env::Random& random);

  Result<PutReply> put(const std::string& key, BodySource& body, const PutOptions& conditions,
                       const RequestOptions& options);
  Status remove(const ObjectRef& object, const RequestOptions& options);

 private:
  struct Written;
  /// The state of the object that a condition speaks of.
  Result<std::optional<std::string>> present_etag(env::Directory& root, const std::string& key,
                                                  const PutOptions& conditions);
  Result<Written> write_temporary(env::Directory& root, const std::string& key, BodySource& body,
                                  const RequestOptions& options);
  Status copy_body(env::File& file, const std::string& key, BodySource& body, const RequestOptions& options,
                   Written& written);
  Result<PutReply> publish(env::Directory& root, const std::string& key, const PutOptions& conditions,
                           const RequestOptions& options, const Written& written);
  Status move_into_place(env::Directory& root, const std::string& temporary, const std::string& key);
  Result<std::unique_ptr<env::File>> lock(env::Directory& root);
  Status make_unlike_others(env::File& file);
  void sweep_leftovers(env::Directory& root, std::int64_t now_ns);
  bool sweep_is_due();

  env::FileSystem& files_;
  const std::string root_path_;
  env::Clock& clock_;
  env::Random& random_;
  Mutex mutex_;
  env::TimePoint next_sweep_ SEEKFS_GUARDED_BY(mutex_) = env::TimePoint::min();
};

}  // namespace seekfs::objectstore
