// Look-ups in the compact form.
#include "manifest/compact.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/hex.h"
#include "manifest/compact_state.h"
#include "manifest/extras.h"
#include "manifest/irregular_table.h"
#include "manifest/layout.h"

namespace seekfs::manifest {
namespace {

/// What malloc adds to a block, about.
constexpr std::size_t block_overhead = 16;

std::uint64_t next_instance() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

Sha256Digest digest_of(const FileRecord& file) { return Sha256Digest{file.hash}; }

std::uint64_t pages_of_uniform(const FileRecord& file) {
  return file.size / file.page_size + (file.size % file.page_size != 0 ? 1 : 0);
}

}  // namespace

std::size_t CompactManifest::State::memory_bytes() const noexcept {
  std::size_t bytes = sizeof(State) + sizeof(CompactManifest) + 6 * block_overhead + ns.capacity() +
                      header.parents.capacity() * sizeof(std::uint64_t) +
                      header.tombstones.capacity() * sizeof(std::string);
  for (const std::string& path : header.tombstones) bytes += path.capacity() + block_overhead;
  return bytes + files.memory_bytes() + paths.memory_bytes() + words.memory_bytes() + extras.memory_bytes();
}

Extras CompactManifest::State::extras_of(const FileRecord& file) const {
  return file.extras_at == no_extras ? Extras{} : read_extras(extras, file.extras_at);
}

std::string CompactManifest::State::key_of(const FileRecord& file, const Extras& file_extras) const {
  switch (file.key) {
    case KeyForm::by_hash: return object_key(ns, digest_of(file));
    case KeyForm::by_path: return file_key(ns, path(file));
    case KeyForm::by_path_and_hash: return file_key(ns, path(file), digest_of(file));
    case KeyForm::stored: break;
  }
  return std::string(*file_extras.key);
}

CompactManifest::CompactManifest(std::unique_ptr<const State> state)
    : state_(std::move(state)), instance_(next_instance()) {}
CompactManifest::~CompactManifest() = default;

const ManifestHeader& CompactManifest::header() const noexcept { return state_->header; }
FileIndex CompactManifest::file_count() const noexcept { return static_cast<FileIndex>(state_->files.size()); }
std::uint64_t CompactManifest::total_bytes() const noexcept { return state_->total_bytes; }
std::uint64_t CompactManifest::page_count() const noexcept { return state_->page_count; }
std::size_t CompactManifest::memory_bytes() const noexcept { return state_->memory_bytes(); }

FileIndex CompactManifest::lower_bound(std::string_view path) const {
  const auto files = state_->files.items();
  const auto by_path = [this](const FileRecord& file) { return state_->path(file); };
  return static_cast<FileIndex>(std::ranges::lower_bound(files, path, {}, by_path) - files.begin());
}

std::optional<FileIndex> CompactManifest::find(std::string_view path) const {
  const FileIndex file = lower_bound(path);
  if (file == file_count() || state_->path(state_->files[file]) != path) return std::nullopt;
  return file;
}

void CompactManifest::path(FileIndex file, std::string& out) const { out = state_->path(state_->files[file]); }

std::uint64_t CompactManifest::size(FileIndex file) const { return state_->files[file].size; }

std::optional<std::int64_t> CompactManifest::mtime(FileIndex file) const {
  const std::int64_t mtime = state_->files[file].mtime;
  return mtime == no_mtime ? std::nullopt : std::optional(mtime);
}

ContentHash CompactManifest::hash(FileIndex file) const {
  const FileRecord& record = state_->files[file];
  const Extras extras = state_->extras_of(record);
  if (!extras.hash) return {"sha256", digest_of(record).hex()};
  const std::size_t colon = extras.hash->find(':');
  return {std::string(extras.hash->substr(0, colon)), std::string(extras.hash->substr(colon + 1))};
}

void CompactManifest::hash_hex(FileIndex file, std::string& out) const {
  const FileRecord& record = state_->files[file];
  if (const Extras extras = state_->extras_of(record); extras.hash) {
    out = extras.hash->substr(extras.hash->find(':') + 1);
    return;
  }
  out.resize(2 * record.hash.size());
  write_hex(record.hash, out.data());
}

Storage CompactManifest::storage(FileIndex file) const {
  const FileRecord& record = state_->files[file];
  const Extras extras = state_->extras_of(record);
  Storage storage;
  storage.key = state_->key_of(record, extras);
  if (record.etag == EtagForm::quoted_hash) {
    storage.etag = '"' + hash(file).hex + '"';
  } else if (extras.etag) {
    storage.etag.emplace(*extras.etag);
  }
  if (extras.version_id) storage.version_id.emplace(*extras.version_id);
  if (extras.sse) storage.sse.emplace(*extras.sse);
  storage.off = extras.off;
  return storage;
}

std::uint32_t CompactManifest::page_count(FileIndex file) const {
  const FileRecord& record = state_->files[file];
  if (record.size == 0) return 0;
  if (record.page_size != 0) return static_cast<std::uint32_t>(pages_of_uniform(record));
  return IrregularTable(&state_->words[record.words_at]).count();
}

Page CompactManifest::page(FileIndex file, std::uint32_t page_id) const {
  const FileRecord& record = state_->files[file];
  if (record.page_size == 0) return IrregularTable(&state_->words[record.words_at]).page(page_id, record.size);
  const std::uint64_t off = std::uint64_t{page_id} * record.page_size;
  const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(record.page_size, record.size - off));
  return {off, length, state_->words[record.words_at + page_id]};
}

std::uint32_t CompactManifest::page_at(FileIndex file, std::uint64_t off) const {
  const FileRecord& record = state_->files[file];
  if (record.page_size != 0) return static_cast<std::uint32_t>(off / record.page_size);
  return IrregularTable(&state_->words[record.words_at]).page_at(off);
}

FileEntry CompactManifest::entry(FileIndex file) const {
  FileEntry entry;
  path(file, entry.path);
  entry.size = size(file);
  entry.hash = hash(file);
  entry.mtime = mtime(file);
  const std::uint32_t pages = page_count(file);
  entry.pages.reserve(pages);
  for (std::uint32_t i = 0; i < pages; ++i) entry.pages.push_back(page(file, i));
  entry.storage = storage(file);
  return entry;
}

}  // namespace seekfs::manifest
