// Opening RocksDB so that neither damage nor growth surprises: options, errors, removal of what is damaged.
#include "l2/rocksdb_support.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <exception>
#include <optional>

namespace seekfs::l2::rocks {
namespace {

constexpr std::uint64_t manifest_size = 64U << 10U;
constexpr int open_files = 256;

/// Lies beside RocksDB's own files, which never have this name.
std::string marker_of(const std::string& folder) { return folder + "/DAMAGED"; }

class LogBridge final : public rocksdb::Logger {
 public:
  explicit LogBridge(seekfs::Logger& log) : rocksdb::Logger(rocksdb::InfoLogLevel::ERROR_LEVEL), log_(log) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override { write(format, arguments); }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level == rocksdb::InfoLogLevel::ERROR_LEVEL || level == rocksdb::InfoLogLevel::FATAL_LEVEL) {
      write(format, arguments);
    }
  }
  void LogHeader(const char*, va_list) override {}

 private:
  void write(const char* format, va_list arguments) {
    std::string text(512, '\0');
    const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
    text.resize(length < 0 ? 0 : std::min(text.size() - 1, static_cast<std::size_t>(length)));
    log_.warning("rocksdb reports an error", {{"message", text}});
  }
  seekfs::Logger& log_;
};

bool says(const rocksdb::Status& status, std::string_view words) {
  return status.ToString().find(words) != std::string::npos;
}

/// What a file that was cut, changed or deleted makes DB::Open say, besides what is_damage() knows.
bool is_damage_at_open(const rocksdb::Status& status) {
  return is_damage(status) || status.IsNotFound() || status.IsInvalidArgument() || status.IsNotSupported();
}

/// Reads the head and the metadata of every table on this thread, and all of it when that is little.
rocksdb::Status verify(Database& database, std::uint64_t up_to) {
  for (rocksdb::ColumnFamilyHandle* family : database.families()) {
    rocksdb::TablePropertiesCollection properties;
    if (auto status = database->GetPropertiesOfAllTables(family, &properties); !status.ok()) return status;
  }
  if (database.sum("rocksdb.total-sst-files-size") > up_to) return rocksdb::Status::OK();
  return database->VerifyChecksum();
}

rocksdb::Status try_open(const OpenRequest& request, std::unique_ptr<Database>& out) {
  return guarded([&] {
    rocksdb::DB* db = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> families;
    auto status = rocksdb::DB::Open(request.options, request.folder, request.families, &families, &db);
    if (!status.ok()) return status;
    out = std::make_unique<Database>(std::unique_ptr<rocksdb::DB>(db), std::move(families));
    return verify(*out, request.verify_up_to);
  });
}

Status remove_tree(env::FileSystem& files, const std::string& path) {
  SEEKFS_ASSIGN(const auto entries, files.list(path));
  for (const env::DirectoryEntry& entry : entries) {
    const std::string name = path + "/" + entry.name;
    if (entry.type == env::FileType::directory) {
      SEEKFS_TRY(remove_tree(files, name));
    } else {
      SEEKFS_TRY(files.remove_file(name));
    }
  }
  return files.remove_directory(path);
}

}  // namespace

Database::~Database() {
  for (rocksdb::ColumnFamilyHandle* family : families_) db_->DestroyColumnFamilyHandle(family);
}

std::uint64_t Database::sum(const std::string& property) const {
  std::uint64_t total = 0;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    std::uint64_t one = 0;
    if (db_->GetIntProperty(family, property, &one)) total += one;
  }
  return total;
}

rocksdb::DBOptions quiet_options(Logger& log) {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.info_log = std::make_shared<LogBridge>(log);
  options.info_log_level = rocksdb::InfoLogLevel::ERROR_LEVEL;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  options.max_open_files = open_files;
  // A size in a damaged file may ask for any amount of memory; on this thread that is an exception that is caught.
  options.max_file_opening_threads = 1;
  options.max_background_jobs = 2;
  options.max_manifest_file_size = manifest_size;
  options.manifest_preallocation_size = 4096;
  options.allow_fallocate = false;
  options.avoid_flush_during_shutdown = true;
  return options;
}

bool is_damage(const rocksdb::Status& status) {
  if (status.IsCorruption()) return true;
  return status.IsIOError() &&
         (status.subcode() == rocksdb::Status::kPathNotFound || says(status, "Input/output error"));
}

Error to_error(const rocksdb::Status& status, std::string_view what) {
  ErrorCode code = ErrorCode::transient;
  if (says(status, "Permission denied") || says(status, "Read-only file system")) {
    code = ErrorCode::denied;
  } else if (says(status, "lock hold by current process") ||
             (says(status, "lock file") && says(status, "temporarily unavailable"))) {
    code = ErrorCode::conflict;
  } else if (is_damage(status)) {
    code = ErrorCode::corrupt;
  } else if (status.subcode() == rocksdb::Status::kNoSpace || status.subcode() == rocksdb::Status::kSpaceLimit ||
             status.IsMemoryLimit() || says(status, "Too many open files")) {
    code = ErrorCode::exhausted;
  }
  return Error(code, std::string(what) + ": " + status.ToString());
}

rocksdb::Status guarded(const std::function<rocksdb::Status()>& call) {
  try {
    return call();
  } catch (const std::exception& thrown) {
    return rocksdb::Status::Corruption("RocksDB threw", thrown.what());
  }
}

Result<Opened> open(env::FileSystem& files, const OpenRequest& request, Logger& log) {
  SEEKFS_TRY(files.make_directories(request.folder, 0700));
  const std::string what = "open the database " + request.folder;
  Opened opened;
  rocksdb::Status status = try_open(request, opened.database);
  if (status.ok()) {
    // Asked only now, when RocksDB's lock says that nobody else works on the folder.
    if (!files.lstat(marker_of(request.folder))) return opened;
    opened.damage = "it was found damaged while it was in use";
  } else if (is_damage_at_open(status)) {
    opened.damage = status.ToString();
  } else {
    return std::unexpected(to_error(status, what));
  }
  log.warning("a damaged database is removed; an empty one takes its place",
              {{"path", request.folder}, {"damage", opened.damage}});
  opened.database.reset();
  SEEKFS_TRY(remove(files, request.folder));
  SEEKFS_TRY(files.make_directories(request.folder, 0700));
  status = try_open(request, opened.database);
  if (!status.ok()) return std::unexpected(to_error(status, what));
  return opened;
}

void mark_damaged(env::FileSystem& files, const std::string& folder, Logger& log) {
  const Status written =
      env::write_file_atomically(files, marker_of(folder), "removed at the next start\n", true, 0600);
  if (!written) {
    log.warning("the note that a database is damaged can't be written",
                {{"path", folder}, {"error", written.error().message}});
  }
}

Status remove(env::FileSystem& files, const std::string& folder) {
  if (const auto there = files.lstat(folder); !there) {
    if (there.error().code == ErrorCode::not_found) return {};
    return std::unexpected(there.error());
  }
  return remove_tree(files, folder);
}

Slot::Lease::Lease(const Slot& slot) : slot_(slot) {
  MutexLock lock(slot_.mutex_);
  database_ = slot_.database_.get();
  if (database_ != nullptr) ++slot_.leases_;
}

Slot::Lease::~Lease() {
  if (database_ == nullptr) return;
  MutexLock lock(slot_.mutex_);
  if (--slot_.leases_ == 0) slot_.returned_.notify_all();
}

void Slot::set(std::unique_ptr<Database> database) {
  MutexLock lock(mutex_);
  database_ = std::move(database);
}

std::unique_ptr<Database> Slot::take() {
  MutexLock lock(mutex_);
  std::unique_ptr<Database> database = std::move(database_);
  while (leases_ > 0) returned_.wait(mutex_);
  return database;
}

}  // namespace seekfs::l2::rocks
