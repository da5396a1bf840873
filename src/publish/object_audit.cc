// A merge of two sorted lists: the keys of the manifest and those of the store.
#include "publish/object_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "async/sync_wait.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using manifest::FileEntry;

/// The folder that all keys share.
std::string common_folder(const std::vector<const FileEntry*>& sorted) {
  const std::string& first = sorted.front()->storage.key;
  const std::string& last = sorted.back()->storage.key;
  const auto shared = std::ranges::mismatch(first, last).in1 - first.begin();
  return first.substr(0, first.rfind('/', static_cast<std::size_t>(shared)) + 1);
}

std::optional<Mismatch> compare(const FileEntry& file, const objectstore::ObjectInfo& object) {
  const std::uint64_t end = file.storage.off + file.size;
  if (object.size < end) {
    return Mismatch{file.path, file.storage.key, MismatchKind::size,
                    fmt::format("the object has {} bytes, the file ends at byte {} of it", object.size, end)};
  }
  if (file.storage.etag && *file.storage.etag != object.etag) {
    return Mismatch{file.path, file.storage.key, MismatchKind::etag,
                    fmt::format("published with ETag {}, found {}", *file.storage.etag, object.etag)};
  }
  return std::nullopt;
}

/// Walks the store's keys alongside ascending questions.
class Listing {
 public:
  Listing(objectstore::ObjectStore& store, std::string folder) : store_(store), folder_(std::move(folder)) {}

  /// Null when there is no such object; valid until the next call. Keys must ascend from call to call.
  Result<const objectstore::ObjectInfo*> find(const std::string& key) {
    while (true) {
      while (at_ < reply_.objects.size() && reply_.objects[at_].key < key) ++at_;
      if (at_ < reply_.objects.size()) return reply_.objects[at_].key == key ? &reply_.objects[at_] : nullptr;
      if (ended_) return nullptr;
      SEEKFS_TRY(list_before(key));
    }
  }

 private:
  /// Fetches the keys from just before `key` on: one character less than it is less than it, with little in between.
  Status list_before(const std::string& key) {
    objectstore::ListRequest request;
    request.prefix = folder_;
    request.start_after = key.substr(0, key.size() - 1);
    if (!reply_.objects.empty()) request.start_after = std::max(request.start_after, reply_.objects.back().key);
    if (reply_.next_start_after) request.start_after = std::max(request.start_after, *reply_.next_start_after);
    SEEKFS_ASSIGN(reply_, async::sync_wait(store_.list(std::move(request), publish_options)));
    at_ = 0;
    ended_ = !reply_.next_start_after.has_value();
    return {};
  }

  objectstore::ObjectStore& store_;
  const std::string folder_;
  objectstore::ListReply reply_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

/// The object by HEAD, in the very state that was published.
Result<std::optional<Mismatch>> ask(objectstore::ObjectStore& store, const FileEntry& file) {
  auto info = async::sync_wait(
      store.head({.key = file.storage.key, .if_match = {}, .version_id = file.storage.version_id}, publish_options));
  if (info) return compare(file, *info);
  if (info.error().code != ErrorCode::not_found) return std::unexpected<Error>(std::move(info).error());
  return std::optional(Mismatch{file.path, file.storage.key, MismatchKind::missing, "there is no such object"});
}

}  // namespace

Result<std::vector<Mismatch>> audit_objects(objectstore::ObjectStore& store, const std::vector<FileEntry>& files) {
  std::vector<Mismatch> mismatches;
  if (files.empty()) return mismatches;
  std::vector<const FileEntry*> sorted;
  sorted.reserve(files.size());
  for (const FileEntry& file : files) sorted.push_back(&file);
  std::ranges::sort(sorted, {}, [](const FileEntry* file) -> const std::string& { return file->storage.key; });
  Listing listing(store, common_folder(sorted));
  for (const FileEntry* file : sorted) {
    SEEKFS_ASSIGN(const objectstore::ObjectInfo* object, listing.find(file->storage.key));
    std::optional<Mismatch> found;
    if (object != nullptr) {
      found = compare(*file, *object);
    } else {
      found = Mismatch{file->path, file->storage.key, MismatchKind::missing, "there is no such object"};
    }
    if (found && file->storage.version_id) {
      SEEKFS_ASSIGN(found, ask(store, *file));
    }
    if (found) mismatches.push_back(std::move(*found));
  }
  return mismatches;
}

}  // namespace seekfs::publish
