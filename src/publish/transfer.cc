// Per file: known already, or hashed; then in the store already, or uploaded. Local files go through the pool side by
// side; objects that are adopted are read side by side, and each large one by several ranges.
#include "publish/transfer.h"

#include <chrono>
#include <utility>

#include "async/sync_wait.h"
#include "manifest/layout.h"
#include "publish/in_flight.h"
#include "publish/local_content.h"
#include "publish/object_content.h"
#include "publish/parallel.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

manifest::FileEntry new_entry(const SourceFile& file, const Sha256Digest& hash) {
  manifest::FileEntry entry;
  entry.path = file.path;
  entry.size = file.size;
  entry.hash.hex = hash.hex();
  entry.mtime = file.mtime;
  return entry;
}

bool has_content(const manifest::FileEntry* held, const SourceFile& file, const Sha256Digest& hash) {
  return held != nullptr && held->size == file.size && held->hash.algorithm == "sha256" && held->hash.hex == hash.hex();
}

std::int64_t nanoseconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

}  // namespace

Transfer::Transfer(const Parts& parts, const PublishRequest& request, HashCache* cache, ObjectPlacer& placer,
                   PublishObserver& observer)
    : parts_(parts), request_(request), cache_(cache), placer_(placer), observer_(observer) {}

Result<std::vector<manifest::FileEntry>> Transfer::run(const std::vector<SourceFile>& files, const Snapshot& parent) {
  {
    MutexLock lock(mutex_);
    progress_ = {};
    progress_.phase = PublishPhase::transfer;
    progress_.files_total = files.size();
    for (const SourceFile& file : files) progress_.bytes_total += file.size;
    observer_.on_progress(progress_);
  }
  std::vector<Placed> placed(files.size());
  const bool adopts = std::holds_alternative<StoreSource>(request_.source);
  SEEKFS_TRY(adopts ? place_all_adopted(files, parent, placed) : place_all_local(files, parent, placed));
  std::vector<manifest::FileEntry> entries;
  entries.reserve(placed.size());
  for (Placed& one : placed) {
    if (one.from_placer) one.entry.storage = placer_.storage(one.entry.storage.key);
    entries.push_back(std::move(one.entry));
  }
  return entries;
}

Status Transfer::place_all_local(const std::vector<SourceFile>& files, const Snapshot& parent,
                                 std::vector<Placed>& placed) {
  return parallel_for(parts_.pool, files.size(), [&](std::size_t i) -> Status {
    SEEKFS_ASSIGN(placed[i], place_local(files[i], parent));
    advance(files[i].size);
    finish_file();
    return {};
  });
}

Status Transfer::place_all_adopted(const std::vector<SourceFile>& files, const Snapshot& parent,
                                   std::vector<Placed>& placed) {
  RangedReader reader(parts_.store, parts_.pool, {});
  return for_each_in_flight(files.size(), objects_in_flight, [&](std::size_t i) -> async::Task<void> {
    Result<Placed> done = co_await place_adopted(reader, files[i], parent);
    if (!done) {
      reader.stop();
      co_return std::unexpected<Error>(std::move(done).error());
    }
    placed[i] = std::move(*done);
    finish_file();
    co_return Status();
  });
}

Result<Transfer::Placed> Transfer::place_local(const SourceFile& file, const Snapshot& parent) {
  const std::uint32_t page_size = page_size_for(file.size, request_.page_size);
  SEEKFS_ASSIGN(HashedContent content, hash(file, page_size));
  const manifest::FileEntry* held = parent.find(file.path);
  if (!has_content(held, file, content.hash)) held = parent.find_content(content.hash, file.size);

  Placed placed{.entry = new_entry(file, content.hash)};
  bool repair = false;
  if (held != nullptr) {
    SEEKFS_ASSIGN(const bool intact, is_intact(*held));
    placed.entry.pages = held->pages;
    if (intact) {
      if (held->path == file.path) placed.entry.mtime = held->mtime;
      placed.entry.storage = held->storage;
      count_placed(file.size, false);
      return placed;
    }
    repair = held->storage.key == object_key_of(file, content.hash);
  } else {
    // A cached hash may have come with another page size; the pages of new content must have the right one.
    if (content.page_size != page_size) {
      SEEKFS_ASSIGN(content, read_and_remember(file, page_size));
    }
    placed.entry.pages = make_page_table(file.size, content);
  }
  placed.from_placer = true;
  placed.entry.storage.key = object_key_of(file, content.hash);
  SEEKFS_ASSIGN(const ObjectPlacer::Outcome outcome,
                placer_.ensure(placed.entry.storage.key, file, content.hash, repair));
  count_placed(file.size, outcome == ObjectPlacer::Outcome::uploaded);
  return placed;
}

async::Task<Transfer::Placed> Transfer::place_adopted(RangedReader& reader, const SourceFile& file,
                                                      const Snapshot& parent) {
  const manifest::FileEntry* held = parent.find(file.path);
  const bool same_state = held != nullptr && held->storage.key == file.key && held->storage.etag == file.etag &&
                          held->storage.off == 0 && held->size == file.size;
  count_placed(file.size, false);
  if (same_state && !request_.checksum) {
    advance(file.size);
    co_return Placed{.entry = *held};
  }

  const std::uint32_t page_size = page_size_for(file.size, request_.page_size);
  SEEKFS_CO_ASSIGN(const HashedObject object,
                   co_await hash_object(reader, file, page_size, [this](std::uint64_t bytes) { advance(bytes); }));
  count_hashed(file.size);
  const bool same_content = has_content(held, file, object.content.hash);
  if (same_content && held->storage.key != file.key) co_return Placed{.entry = *held};
  Placed placed{.entry = new_entry(file, object.content.hash)};
  placed.entry.pages = same_content ? held->pages : make_page_table(file.size, object.content);
  if (same_content) placed.entry.mtime = held->mtime;
  placed.entry.storage.key = file.key;
  placed.entry.storage.etag = object.info.etag;
  placed.entry.storage.version_id = object.info.version_id;
  co_return placed;
}

Result<HashedContent> Transfer::hash(const SourceFile& file, std::uint32_t page_size) {
  if (cache_ != nullptr && !request_.checksum) {
    if (std::optional<HashedContent> cached = cache_->find(file.local_path, file.state)) return std::move(*cached);
  }
  return read_and_remember(file, page_size);
}

Result<HashedContent> Transfer::read_and_remember(const SourceFile& file, std::uint32_t page_size) {
  const std::int64_t began = nanoseconds_of(parts_.clock.wall_now());
  SEEKFS_ASSIGN(HashedContent content, hash_local(parts_.files, file, page_size));
  count_hashed(file.size);
  if (cache_ != nullptr) cache_->remember(file.local_path, file.state, began, content);
  return content;
}

Result<bool> Transfer::is_intact(const manifest::FileEntry& held) {
  if (!request_.checksum) return true;
  auto info = async::sync_wait(
      parts_.store.head({.key = held.storage.key, .if_match = held.storage.etag, .version_id = held.storage.version_id},
                        publish_options));
  if (info) return info->size >= held.storage.off + held.size;
  const ErrorCode code = info.error().code;
  if (code == ErrorCode::not_found || code == ErrorCode::precondition_failed) return false;
  return std::unexpected<Error>(std::move(info).error());
}

std::string Transfer::object_key_of(const SourceFile& file, const Sha256Digest& hash) const {
  return request_.layout == Layout::files ? manifest::file_key(request_.ns, file.path, hash)
                                          : manifest::object_key(request_.ns, hash);
}

TransferCounts Transfer::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

void Transfer::count_hashed(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  ++counts_.hashed_files;
  counts_.hashed_bytes += bytes;
}

void Transfer::count_placed(std::uint64_t bytes, bool uploaded) {
  MutexLock lock(mutex_);
  ++(uploaded ? counts_.uploaded_objects : counts_.reused_files);
  (uploaded ? counts_.uploaded_bytes : counts_.reused_bytes) += bytes;
  if (uploaded) progress_.uploaded_bytes += bytes;
}

void Transfer::advance(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  progress_.bytes_done += bytes;
  observer_.on_progress(progress_);
}

void Transfer::finish_file() {
  MutexLock lock(mutex_);
  ++progress_.files_done;
  observer_.on_progress(progress_);
}

}  // namespace seekfs::publish
