// The hash cache's file: a line that names the format, then records of length, CRC32C and payload, little-endian.
#include "publish/hash_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/crc32c.h"
#include "publish/hash_cache_record.h"

namespace seekfs::publish {
namespace {

constexpr std::uint64_t max_cache_bytes = std::uint64_t{8} << 30U;
constexpr std::size_t append_bytes = std::size_t{1} << 20U;

std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

}  // namespace

FileState state_of(const env::FileInfo& info) {
  return {.device = info.device,
          .inode = info.inode,
          .size = info.size,
          .mtime_ns = info.mtime_ns,
          .ctime_ns = info.ctime_ns};
}

HashCache::HashCache(env::FileSystem& files, Logger& log, std::string path)
    : files_(files), log_(log), path_(std::move(path)) {
  MutexLock lock(mutex_);
  if (Status loaded = load(); !loaded) give_up(loaded.error());
}

HashCache::~HashCache() { flush(); }

Status HashCache::load() {
  SEEKFS_TRY(files_.make_directories(folder_of(path_), 0700));
  SEEKFS_ASSIGN(lock_, files_.open(path_ + ".lock", {.write = true, .create = true, .permissions = 0600}));
  SEEKFS_ASSIGN(const bool locked, lock_->lock(false));
  if (!locked) lock_ = nullptr;

  bool whole = true;
  auto bytes = env::read_file(files_, path_, max_cache_bytes);
  if (bytes) {
    file_size_ = bytes->size();
    whole = parse(*bytes);
    if (!whole) log_.warning("hash cache is damaged; files without a whole record are read again", {{"path", path_}});
  } else if (bytes.error().code != ErrorCode::not_found) {
    return std::unexpected<Error>(std::move(bytes).error());
  }
  if (!locked) {
    log_.info("hash cache is in use by another process; nothing new is remembered", {{"path", path_}});
    return {};
  }
  if (!bytes || !whole || records_ > 2 * entries_.size() + 1000) return rewrite();
  SEEKFS_ASSIGN(file_, files_.open(path_, {.write = true}));
  return {};
}

bool HashCache::parse(std::string_view bytes) {
  if (!bytes.starts_with(hash_cache_magic)) return false;
  bytes.remove_prefix(hash_cache_magic.size());
  while (!bytes.empty()) {
    std::optional<HashCacheRecord> record = take_hash_cache_record(bytes);
    if (!record) return false;
    ++records_;
    entries_.insert_or_assign(std::move(record->path), Entry{record->state, std::move(record->content)});
  }
  return true;
}

Status HashCache::rewrite() {
  std::string bytes(hash_cache_magic);
  for (const auto& [path, entry] : entries_) append_hash_cache_record(bytes, path, entry.state, entry.content);
  SEEKFS_TRY(env::write_file_atomically(files_, path_, bytes, false, 0600));
  file_size_ = bytes.size();
  records_ = entries_.size();
  SEEKFS_ASSIGN(file_, files_.open(path_, {.write = true}));
  return {};
}

std::optional<HashedContent> HashCache::find(const std::string& path, const FileState& state) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(path);
  if (found == entries_.end() || found->second.state != state) return std::nullopt;
  return found->second.content;
}

void HashCache::remember(const std::string& path, const FileState& state, std::int64_t hashed_at_ns,
                         const HashedContent& content) {
  if (std::max(state.mtime_ns, state.ctime_ns) > hashed_at_ns - rest_ns) return;
  MutexLock lock(mutex_);
  if (file_ == nullptr) return;
  append_hash_cache_record(pending_, path, state, content);
  ++records_;
  entries_.insert_or_assign(path, Entry{state, content});
  if (pending_.size() >= append_bytes) append_pending();
}

void HashCache::append_pending() {
  if (file_ == nullptr || pending_.empty()) return;
  if (Status written = file_->write_at(file_size_, as_bytes(pending_)); !written) {
    give_up(written.error());
  } else {
    file_size_ += pending_.size();
  }
  pending_.clear();
}

void HashCache::flush() {
  MutexLock lock(mutex_);
  append_pending();
}

std::size_t HashCache::size() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

void HashCache::give_up(const Error& error) {
  file_ = nullptr;
  log_.warning("hash cache cannot be used; files are read instead", {{"path", path_}, {"error", error.message}});
}

}  // namespace seekfs::publish
