// The local hash cache: what a file's content hash was when it was last read, so that it need not be read again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/sha256.h"
#include "env/file.h"

namespace seekfs::publish {

/// The state of a file that its hash was computed for: another state, another hash. Times in nanoseconds.
struct FileState {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  bool operator==(const FileState&) const = default;
};
FileState state_of(const env::FileInfo& info);

/// What is remembered of a file's content.
struct HashedContent {
  Sha256Digest hash;
  std::uint32_t page_size = 0;
  std::vector<std::uint32_t> page_crcs;  ///< CRC32C of each page of page_size bytes
  bool operator==(const HashedContent&) const = default;
};

/// A file of records that is only appended to: the last record of a path counts. An append that was cut short by a
/// crash, or damage, loses the records from there on and nothing else: they are dropped with a warning. While another
/// process uses the same cache, this one reads it and remembers nothing. Thread-safe.
///
/// An entry is trusted only if the file had been at rest for a while when it was hashed: a change in the same tick of
/// the file system's clock would not show in its times.
class HashCache {
 public:
  /// Never fails: a cache that cannot be used is an empty one, and a warning. `files` and `log` outlive it.
  HashCache(env::FileSystem& files, Logger& log, std::string path);
  ~HashCache();

  /// `path` is the absolute path of the file.
  std::optional<HashedContent> find(const std::string& path, const FileState& state) const;
  /// `hashed_at_ns`: wall-clock time when reading began. Not remembered when the file had changed just before.
  void remember(const std::string& path, const FileState& state, std::int64_t hashed_at_ns,
                const HashedContent& content);
  /// Writes what was remembered to the file; also done by the destructor and every few MiB.
  void flush();
  std::size_t size() const;

  static constexpr std::int64_t rest_ns = 2'000'000'000;  ///< FAT's clock ticks every 2 s, the coarsest in use

 private:
  struct Entry {
    FileState state;
    HashedContent content;
  };
  Status load() SEEKFS_REQUIRES(mutex_);
  bool parse(std::string_view bytes) SEEKFS_REQUIRES(mutex_);
  Status rewrite() SEEKFS_REQUIRES(mutex_);
  void append_pending() SEEKFS_REQUIRES(mutex_);
  void give_up(const Error& error) SEEKFS_REQUIRES(mutex_);

  env::FileSystem& files_;
  Logger& log_;
  const std::string path_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ SEEKFS_GUARDED_BY(mutex_);
  std::unique_ptr<env::File> lock_ SEEKFS_GUARDED_BY(mutex_);
  std::unique_ptr<env::File> file_ SEEKFS_GUARDED_BY(mutex_);  ///< null: nothing is written
  std::uint64_t file_size_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t records_ SEEKFS_GUARDED_BY(mutex_) = 0;  ///< in the file, superseded ones included
  std::string pending_ SEEKFS_GUARDED_BY(mutex_);
};

}  // namespace seekfs::publish
