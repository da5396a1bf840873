// Opening an object of an fs store and telling its state.
#include "objectstore/fs_object.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "base/sha256.h"

namespace seekfs::objectstore {
namespace {

std::unexpected<Error> no_such_object(const std::string& key) {
  return fail(ErrorCode::not_found, fmt::format("{}: no such object", key));
}

/// Why a file could not be opened. What can't be an object (a socket, a key below a file) is only absent.
std::unexpected<Error> explain_open_failure(env::Directory& root, const std::string& key, const Error& error) {
  if (error.code == ErrorCode::not_found || error.code == ErrorCode::invalid) return no_such_object(key);
  if (error.code == ErrorCode::transient) {
    const Result<env::FileInfo> facts = root.stat(key);
    if (facts && facts->type != env::FileType::regular) return no_such_object(key);
  }
  return std::unexpected<Error>(error);
}

std::unexpected<Error> changed(const std::string& key) {
  return fail(ErrorCode::transient, fmt::format("{}: the file changed while it was being read", key));
}

/// Reads the whole of a small file; nothing when it has grown past the limit since `facts` were taken.
Result<std::optional<std::string>> read_small(env::File& file) {
  std::string content(fs_hashed_size + 1, '\0');
  SEEKFS_ASSIGN(const std::size_t count, file.read_at(0, std::as_writable_bytes(std::span(content))));
  if (count > fs_hashed_size) return std::nullopt;
  content.resize(count);
  return content;
}

}  // namespace

std::string fs_etag_of(const env::FileInfo& facts) {
  return fmt::format("\"{:x}-{:x}-{:x}-{:x}\"", facts.size, static_cast<std::uint64_t>(facts.mtime_ns),
                     static_cast<std::uint64_t>(facts.ctime_ns), facts.inode);
}

std::string fs_etag_of(std::string_view content) { return fmt::format("\"{}\"", sha256(content).hex()); }

Status FsObject::check_unchanged() const {
  if (content) return {};
  SEEKFS_ASSIGN(const env::FileInfo now, file->info());
  // A write shows in mtime and ctime. Losing a name (a put replaced the object, a remove took it) shows in ctime too,
  // but together with the count of names; the bytes of the open file are then still the old object's.
  const bool lost_a_name = now.links < facts.links;
  const bool same = now.size == facts.size && now.mtime_ns == facts.mtime_ns && now.inode == facts.inode &&
                    (now.ctime_ns == facts.ctime_ns || lost_a_name);
  return same ? Status{} : changed(info.key);
}

Result<FsObject> open_fs_object(env::Directory& root, const std::string& key) {
  Result<std::unique_ptr<env::File>> file = root.open(key, {});
  if (!file) return explain_open_failure(root, key, file.error());
  FsObject object;
  object.file = std::move(*file);
  SEEKFS_ASSIGN(object.facts, object.file->info());
  if (object.facts.type != env::FileType::regular) return no_such_object(key);
  object.info.key = key;
  object.info.size = object.facts.size;
  object.info.modified = std::chrono::system_clock::time_point(
      std::chrono::duration_cast<std::chrono::system_clock::duration>(std::chrono::nanoseconds(object.facts.mtime_ns)));
  if (object.facts.size > fs_hashed_size) {
    object.info.etag = fs_etag_of(object.facts);
    return object;
  }
  SEEKFS_ASSIGN(object.content, read_small(*object.file));
  if (!object.content) return changed(key);
  object.info.size = object.content->size();
  object.info.etag = fs_etag_of(*object.content);
  return object;
}

}  // namespace seekfs::objectstore
