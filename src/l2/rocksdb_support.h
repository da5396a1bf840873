// What the users of RocksDB share: how a database is opened and closed, what its errors mean, and that a damaged one is
// removed. A header of RocksDB costs seconds of build time: only the .cc files that talk to it include this.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/mutex.h"
#include "env/file.h"

namespace seekfs::l2::rocks {

/// An open database and its column families, in the order in which they were asked for. Closed by the destructor,
/// without a flush.
class Database {
 public:
  Database(std::unique_ptr<rocksdb::DB> db, std::vector<rocksdb::ColumnFamilyHandle*> families)
      : db_(std::move(db)), families_(std::move(families)) {}
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB* operator->() const noexcept { return db_.get(); }
  rocksdb::ColumnFamilyHandle* family(std::size_t at) const noexcept { return families_[at]; }
  const std::vector<rocksdb::ColumnFamilyHandle*>& families() const noexcept { return families_; }
  /// The sum over the families of one of RocksDB's numbers, 0 where it is unknown.
  std::uint64_t sum(const std::string& property) const;

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;
};

/// No log files, no mapped memory, no reserved disk space, bounded descriptors, one flush and one compaction at a time.
/// What RocksDB calls an error goes to `log`, which must outlive the database.
rocksdb::DBOptions quiet_options(Logger& log);

struct OpenRequest {
  std::string folder;  ///< made (0700) when it is not there; everything in it is RocksDB's
  rocksdb::DBOptions options;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  std::uint64_t verify_up_to = 0;  ///< table files of no more bytes in all are read and checked as a whole
};

struct Opened {
  std::unique_ptr<Database> database;
  std::string damage;  ///< why what was there before was removed; empty when nothing was
};

/// Opens the folder. What is damaged there, or was marked so, is removed and an empty database made. `conflict` when
/// another one has it open, `denied`, `exhausted`, `transient`.
Result<Opened> open(env::FileSystem& files, const OpenRequest& request, Logger& log);

/// Makes the next open() start with an empty folder, as good as it can be written.
void mark_damaged(env::FileSystem& files, const std::string& folder, Logger& log);

/// Removes a closed database with everything in its folder.
Status remove(env::FileSystem& files, const std::string& folder);

/// That bytes on disk are not what was written, or can't be read: no later attempt will help.
bool is_damage(const rocksdb::Status& status);
Error to_error(const rocksdb::Status& status, std::string_view what);

/// What `call` returns; an exception of it (a size in a damaged file may be anything) is a Corruption.
rocksdb::Status guarded(const std::function<rocksdb::Status()>& call);

/// Holds the database that many threads read, so that it can be taken away from them. Thread-safe.
class Slot {
 public:
  /// Keeps the database open while it lives; empty when there is none.
  class Lease {
   public:
    explicit Lease(const Slot& slot);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    explicit operator bool() const noexcept { return database_ != nullptr; }
    Database& operator*() const noexcept { return *database_; }

   private:
    const Slot& slot_;
    Database* database_ = nullptr;
  };

  void set(std::unique_ptr<Database> database);
  /// Empties the slot and waits for the leases to end.
  std::unique_ptr<Database> take();

 private:
  mutable Mutex mutex_;
  mutable CondVar returned_;
  std::unique_ptr<Database> database_ SEEKFS_GUARDED_BY(mutex_);
  mutable std::size_t leases_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace seekfs::l2::rocks
