// The directory of a store: whose it is, which format it has, and what lies in it.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "env/file.h"
#include "env/random.h"
#include "segmentstore/location.h"

namespace seekfs::segmentstore {

/// Held for as long as the store is open.
class StoreDirectory {
 public:
  /// Creates the directory and index/ (0700), locks LOCK, reads or writes FORMAT. A newer format is set aside:
  /// everything of it goes to set-aside-UUID/ and an empty store begins, with an error in the log. A FORMAT that can't
  /// be read begins an empty store too. Errors: `denied`, `conflict` (locked; names the PID that holds it), `invalid`
  /// (a network file system, others may write to it, index/ is a link), `exhausted`, `transient`.
  static Result<std::unique_ptr<StoreDirectory>> open(env::FileSystem& files, env::Random& random, Logger& log,
                                                      std::string path);

  env::FileSystem& files() const noexcept { return files_; }
  const std::string& path() const noexcept { return path_; }
  std::string index_path() const { return path_ + "/index"; }
  std::string segment_path(SegmentNumber number) const;
  /// The first 8 bytes of the store's uuid.
  std::uint64_t store_id() const noexcept { return store_id_; }

  /// `transient` when the directory or its LOCK is not the one that was opened any more: another process may have it by
  /// now. A FORMAT that was removed is written again.
  Status check_still_ours();

  /// The numbers of the segment files, in order.
  Result<std::vector<SegmentNumber>> segments() const;
  /// Bytes on disk of everything in the directory but the `known` segments and index: its own blocks, LOCK, FORMAT,
  /// pages of the older layout, files that are not the store's.
  Result<std::uint64_t> other_bytes(const std::set<SegmentNumber>& known) const;
  /// Bytes on disk of index/ and all that is in it.
  Result<std::uint64_t> index_bytes() const;

 private:
  StoreDirectory(env::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  Status check_file_system() const;
  Status check_owner() const;
  Status take_lock();
  Status read_format(env::Random& random, Logger& log);
  Status write_format(env::Random& random);
  void set_uuid(std::string uuid);
  Status set_aside(const std::string& uuid, Logger& log);

  env::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<env::File> lock_;
  std::string uuid_;
  std::uint64_t store_id_ = 0;
};

/// Bytes on disk of `path` and of everything below it; what vanishes meanwhile counts nothing. Links are not followed.
Result<std::uint64_t> tree_bytes(env::FileSystem& files, const std::string& path);

}  // namespace seekfs::segmentstore
