// A merge of two sorted lists, the keys of the manifest and those of the store; and HEADs of versions.
#include "publish/object_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "async/sync_wait.h"
#include "publish/in_flight.h"
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

Result<std::vector<Mismatch>> audit_listed(objectstore::ObjectStore& store, std::vector<const FileEntry*> files) {
  std::vector<Mismatch> mismatches;
  if (files.empty()) return mismatches;
  std::ranges::sort(files, {}, [](const FileEntry* file) -> const std::string& { return file->storage.key; });
  Listing listing(store, common_folder(files));
  for (const FileEntry* file : files) {
    SEEKFS_ASSIGN(const objectstore::ObjectInfo* object, listing.find(file->storage.key));
    std::optional<Mismatch> found = object == nullptr ? missing_object(*file) : compare(*file, *object);
    if (found) mismatches.push_back(std::move(*found));
  }
  return mismatches;
}

/// The object in the very version that was published.
async::Task<std::optional<Mismatch>> audit_version(objectstore::ObjectStore& store, const FileEntry& file) {
  auto info = co_await store.head({.key = file.storage.key, .if_match = {}, .version_id = file.storage.version_id},
                                  publish_options);
  if (info) co_return compare(file, *info);
  if (info.error().code == ErrorCode::not_found) co_return std::optional(missing_object(file));
  co_return std::unexpected<Error>(std::move(info).error());
}

Result<std::vector<Mismatch>> audit_versions(objectstore::ObjectStore& store,
                                             const std::vector<const FileEntry*>& files) {
  std::vector<Mismatch> mismatches;
  SEEKFS_TRY(for_each_in_flight(files.size(), objects_in_flight, [&](std::size_t i) -> async::Task<void> {
    SEEKFS_CO_ASSIGN(std::optional<Mismatch> found, co_await audit_version(store, *files[i]));
    if (found) mismatches.push_back(std::move(*found));
    co_return Status();
  }));
  return mismatches;
}

}  // namespace

Mismatch missing_object(const FileEntry& file) {
  std::string detail = fmt::format("there is no object {}", file.storage.key);
  if (file.storage.version_id) detail += fmt::format(" in version {}", *file.storage.version_id);
  return {.path = file.path, .key = file.storage.key, .kind = MismatchKind::missing, .detail = std::move(detail)};
}

Result<std::vector<Mismatch>> audit_objects(objectstore::ObjectStore& store, const std::vector<FileEntry>& files) {
  std::vector<const FileEntry*> listed;
  std::vector<const FileEntry*> versions;
  for (const FileEntry& file : files) (file.storage.version_id ? versions : listed).push_back(&file);
  SEEKFS_ASSIGN(std::vector<Mismatch> mismatches, audit_listed(store, std::move(listed)));
  SEEKFS_ASSIGN(std::vector<Mismatch> of_versions, audit_versions(store, versions));
  std::ranges::move(of_versions, std::back_inserter(mismatches));
  return mismatches;
}

}  // namespace seekfs::publish
