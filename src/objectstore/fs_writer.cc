// Puts and removes of the fs store.
#include "objectstore/fs_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include "base/sha256.h"
#include "base/units.h"
#include "env/process.h"
#include "objectstore/fs_layout.h"
#include "objectstore/fs_object.h"
#include "objectstore/object_rules.h"

namespace seekfs::objectstore {
namespace {

constexpr std::uint64_t copy_piece = 256 * KiB;
/// Some other program may remove a directory between its creation and the rename into it; each round is such a race.
constexpr int max_move_attempts = 16;
constexpr std::chrono::hours leftover_age{24};
constexpr std::chrono::hours sweep_interval{1};

/// Removes a temporary file that did not become an object.
class TemporaryFile {
 public:
  TemporaryFile(env::Directory& root, std::string name) : root_(root), name_(std::move(name)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    // A failure leaves a file that a later sweep removes.
    if (kept_) return;
    [[maybe_unused]] const Status removed = root_.remove_file(name_);
  }
  const std::string& name() const noexcept { return name_; }
  void keep() noexcept { kept_ = true; }

 private:
  env::Directory& root_;
  std::string name_;
  bool kept_ = false;
};

std::string parent_of(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string::npos ? std::string() : key.substr(0, slash);
}

/// Removes directories that a remove left empty, upwards until one is not.
void prune_parents(env::Directory& root, const std::string& key) {
  for (std::string parent = parent_of(key); !parent.empty(); parent = parent_of(parent)) {
    if (!root.remove_directory(parent)) return;
  }
}

}  // namespace

/// A body in a temporary file.
struct FsWriter::Written {
  std::unique_ptr<TemporaryFile> name;
  std::unique_ptr<env::File> file;
  std::uint64_t size = 0;
  std::string small_etag;  ///< of a body up to fs_hashed_size
};

FsWriter::FsWriter(env::FileSystem& files, std::string root, env::Clock& clock, env::Random& random)
    : files_(files), root_path_(std::move(root)), clock_(clock), random_(random) {}

Result<PutReply> FsWriter::put(const std::string& key, BodySource& body, const PutOptions& conditions,
                               const RequestOptions& options) {
  SEEKFS_TRY(check_fs_key(key));
  SEEKFS_ASSIGN(const std::unique_ptr<env::Directory> root, open_fs_root(files_, root_path_));
  SEEKFS_TRY(check_fs_root_present(*root, root_path_));
  // Asked again under the lock; asked here so that a put that can't succeed writes nothing.
  SEEKFS_ASSIGN(const std::optional<std::string> present, present_etag(*root, key, conditions));
  SEEKFS_TRY(check_put_conditions(key, conditions, present));
  SEEKFS_ASSIGN(Written written, write_temporary(*root, key, body, options));
  if ((conditions.if_none_match || conditions.if_match) && !conditions.flushed_later) {
    // A claim that survives a power failure without its content could never be claimed again.
    SEEKFS_TRY(written.file->sync_data());
  }
  return publish(*root, key, conditions, options, written);
}

Result<std::optional<std::string>> FsWriter::present_etag(env::Directory& root, const std::string& key,
                                                          const PutOptions& conditions) {
  if (!conditions.if_none_match && !conditions.if_match) return std::nullopt;
  Result<FsObject> object = open_fs_object(root, key);
  if (object) return std::optional(std::move(object->info.etag));
  if (object.error().code == ErrorCode::not_found) return std::nullopt;
  return std::unexpected<Error>(object.error());
}

Result<FsWriter::Written> FsWriter::write_temporary(env::Directory& root, const std::string& key, BodySource& body,
                                                    const RequestOptions& options) {
  const std::string name = fmt::format("{}/{}-{:016x}", fs_temporary_folder, env::process_id(), random_.next());
  const env::OpenMode mode{.read = true, .write = true, .create = true, .exclusive = true};
  Result<std::unique_ptr<env::File>> file = root.open(name, mode);
  if (!file && file.error().code == ErrorCode::not_found) {
    SEEKFS_TRY(root.make_directories(fs_temporary_folder));
    file = root.open(name, mode);
  }
  if (!file) return std::unexpected<Error>(file.error());
  Written written;
  written.name = std::make_unique<TemporaryFile>(root, name);
  SEEKFS_TRY(copy_body(**file, key, body, options, written));
  if (written.size > fs_hashed_size) SEEKFS_TRY(make_unlike_others(**file));
  if (sweep_is_due()) {
    SEEKFS_ASSIGN(const env::FileInfo facts, (*file)->info());
    sweep_leftovers(root, facts.mtime_ns);
  }
  written.file = std::move(*file);
  return written;
}

Status FsWriter::copy_body(env::File& file, const std::string& key, BodySource& body, const RequestOptions& options,
                           Written& written) {
  written.size = body.size();
  Sha256 hash;
  std::vector<std::byte> buffer(std::min(written.size, copy_piece));
  for (std::uint64_t done = 0; done < written.size;) {
    SEEKFS_TRY(check_deadline(clock_, options, "put " + key));
    const std::span<std::byte> piece(buffer.data(), std::min<std::uint64_t>(buffer.size(), written.size - done));
    SEEKFS_TRY(body.read_at(done, piece));
    if (written.size <= fs_hashed_size) hash.update(piece);
    SEEKFS_TRY(file.write_at(done, piece));
    done += piece.size();
  }
  if (written.size <= fs_hashed_size) written.small_etag = fmt::format("\"{}\"", hash.finish().hex());
  return {};
}

/// Two puts of one size within one tick of the file system's clock, the second of which got the inode number that the
/// first had freed, would have equal ETags. The part of mtime below a millisecond is random instead.
Status FsWriter::make_unlike_others(env::File& file) {
  constexpr std::int64_t millisecond = 1'000'000;
  SEEKFS_ASSIGN(const env::FileInfo facts, file.info());
  const auto salt = static_cast<std::int64_t>(random_.below(millisecond));
  return file.set_modified(facts.mtime_ns - facts.mtime_ns % millisecond + salt);
}

Result<PutReply> FsWriter::publish(env::Directory& root, const std::string& key, const PutOptions& conditions,
                                   const RequestOptions& options, const Written& written) {
  SEEKFS_ASSIGN(const std::unique_ptr<env::File> held, lock(root));
  SEEKFS_TRY(check_deadline(clock_, options, "put " + key));
  SEEKFS_ASSIGN(const std::optional<std::string> present, present_etag(root, key, conditions));
  SEEKFS_TRY(check_put_conditions(key, conditions, present));
  SEEKFS_TRY(move_into_place(root, written.name->name(), key));
  written.name->keep();
  if (written.size <= fs_hashed_size) return PutReply{written.small_etag, std::nullopt};
  // After the rename, which changes ctime, and under the lock, so that no other put has replaced it yet.
  SEEKFS_ASSIGN(const env::FileInfo facts, written.file->info());
  return PutReply{fs_etag_of(facts), std::nullopt};
}

Status FsWriter::move_into_place(env::Directory& root, const std::string& temporary, const std::string& key) {
  const std::string parent = parent_of(key);
  Status moved;
  for (int attempt = 0; attempt < max_move_attempts; ++attempt) {
    if (!parent.empty()) moved = root.make_directories(parent);
    if (moved) moved = root.rename(temporary, key);
    if (moved) return {};
    if (moved.error().code != ErrorCode::not_found) break;
  }
  switch (moved.error().code) {
    case ErrorCode::invalid:
    case ErrorCode::precondition_failed:
      return fail(ErrorCode::invalid, fmt::format("put {}: an object may not be a directory of another key ({})", key,
                                                  moved.error().message));
    case ErrorCode::not_found:
      return fail(ErrorCode::transient, fmt::format("put {}: its directory or temporary file is removed again and "
                                                    "again by another program ({})",
                                                    key, moved.error().message));
    default: return moved;
  }
}

Result<std::unique_ptr<env::File>> FsWriter::lock(env::Directory& root) {
  const env::OpenMode mode{.read = true, .write = true, .create = true, .permissions = 0666};
  Result<std::unique_ptr<env::File>> file = root.open(fs_lock_file, mode);
  if (!file && file.error().code == ErrorCode::not_found) {
    SEEKFS_TRY(root.make_directories(std::string(fs_private_folder)));
    file = root.open(fs_lock_file, mode);
  }
  if (!file) return file;
  SEEKFS_ASSIGN(const bool locked, (*file)->lock(true));
  if (!locked) return fail(ErrorCode::transient, fmt::format("lock {}/{}: not granted", root_path_, fs_lock_file));
  return file;
}

bool FsWriter::sweep_is_due() {
  const env::TimePoint now = clock_.now();
  MutexLock lock(mutex_);
  if (now < next_sweep_) return false;
  next_sweep_ = now + sweep_interval;
  return true;
}

/// `now_ns` is the time of the file system, which may differ from this machine's. Failures leave the file for the next
/// sweep: they must not fail the put that happened to be the one to sweep.
void FsWriter::sweep_leftovers(env::Directory& root, std::int64_t now_ns) {
  const std::int64_t oldest_kept = now_ns - std::chrono::nanoseconds(leftover_age).count();
  const Result<std::vector<env::DirectoryEntry>> entries = root.list(fs_temporary_folder);
  if (!entries) return;
  for (const env::DirectoryEntry& entry : *entries) {
    const std::string name = fmt::format("{}/{}", fs_temporary_folder, entry.name);
    const Result<env::FileInfo> facts = root.lstat(name);
    if (facts && facts->type == env::FileType::regular && facts->mtime_ns < oldest_kept) {
      [[maybe_unused]] const Status removed = root.remove_file(name);
    }
  }
}

Status FsWriter::remove(const ObjectRef& object, const RequestOptions& options) {
  SEEKFS_TRY(check_fs_key(object.key));
  SEEKFS_TRY(check_no_version(object));
  SEEKFS_ASSIGN(const std::unique_ptr<env::Directory> root, open_fs_root(files_, root_path_));
  const Result<env::FileInfo> facts = root->lstat(object.key);
  const bool absent = facts ? facts->type == env::FileType::directory
                            : facts.error().code == ErrorCode::not_found || facts.error().code == ErrorCode::invalid;
  if (absent) return check_fs_root_present(*root, root_path_);
  if (!facts) return std::unexpected<Error>(facts.error());

  SEEKFS_ASSIGN(const std::unique_ptr<env::File> held, lock(*root));
  SEEKFS_TRY(check_deadline(clock_, options, "delete " + object.key));
  if (object.if_match) {
    const Result<FsObject> present = open_fs_object(*root, object.key);
    if (!present) {
      return present.error().code == ErrorCode::not_found ? Status{} : std::unexpected<Error>(present.error());
    }
    SEEKFS_TRY(check_match(object, present->info.etag));
  }
  const Status removed = root->remove_file(object.key);
  if (!removed && removed.error().code != ErrorCode::not_found) return removed;
  prune_parents(*root, object.key);
  return {};
}

}  // namespace seekfs::objectstore
