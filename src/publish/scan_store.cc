// The list of objects to adopt: keys below a prefix that make paths, SeekFS's own left out.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "manifest/in_quotes.h"
#include "manifest/path.h"
#include "publish/own_keys.h"
#include "publish/refused_names.h"
#include "publish/source_scan.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using manifest::in_quotes;

SourceFile make_adopted(std::string path, objectstore::ObjectInfo&& object) {
  SourceFile file;
  file.path = std::move(path);
  file.size = object.size;
  const auto modified = std::chrono::floor<std::chrono::seconds>(object.modified.time_since_epoch()).count();
  if (modified >= 0) file.mtime = modified;
  file.key = std::move(object.key);
  file.etag = std::move(object.etag);
  return file;
}

class Adopter {
 public:
  Adopter(const StoreSource& source, const PathFilter& filter) : source_(source), filter_(filter) {}

  Status take(objectstore::ObjectInfo&& object, std::string path) {
    found_ = true;
    if (is_own_key(object.key)) {
      ++list_.skipped.own_keys;
      return {};
    }
    if (!filter_.chooses(path)) {
      ++list_.skipped.filtered;
      return {};
    }
    if (Status good = manifest::check_path(path); !good) {
      refuse(object.key, std::move(good).error().message);
      return {};
    }
    list_.files.push_back(make_adopted(std::move(path), std::move(object)));
    return {};
  }

  Result<SourceList> finish(const std::string& where) {
    if (!found_) return fail(ErrorCode::not_found, fmt::format("there are no objects at {}", where));
    drop_folders();
    if (source_.bad_keys == BadKeys::fail) {
      SEEKFS_TRY(refused_.status(where + " (--bad-keys skip leaves them out)"));
    }
    std::ranges::sort(list_.files, {}, &SourceFile::path);
    for (const SourceFile& file : list_.files) list_.bytes += file.size;
    return std::move(list_);
  }

 private:
  /// An object "a" beside "a/b" would be a file and a folder at once.
  void drop_folders() {
    std::unordered_set<std::string_view> folders;
    for (const SourceFile& file : list_.files) {
      const std::string_view path = file.path;
      for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
        folders.insert(path.substr(0, slash));
      }
    }
    std::vector<SourceFile> kept;
    for (const SourceFile& file : list_.files) {
      if (!folders.contains(file.path)) {
        kept.push_back(file);
      } else {
        refuse(file.key, fmt::format("key {}: other keys lie below it", in_quotes(file.key)));
      }
    }
    list_.files = std::move(kept);
  }

  void refuse(const std::string& key, std::string reason) {
    ++list_.skipped.bad_keys;
    if (list_.skipped.bad_key_names.size() < max_named) list_.skipped.bad_key_names.push_back(in_quotes(key));
    refused_.add(std::move(reason));
  }

  const StoreSource& source_;
  const PathFilter& filter_;
  bool found_ = false;
  RefusedNames refused_;
  SourceList list_;
};

std::string last_segment(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  return slash == std::string::npos ? key : key.substr(slash + 1);
}

}  // namespace

Result<SourceList> scan_store(objectstore::ObjectStore& store, const StoreSource& source, const PathFilter& filter) {
  Adopter adopter(source, filter);
  const std::string where = fmt::format("{} in {}", in_quotes(source.prefix), store.description());
  std::string folder = source.prefix;
  if (!folder.empty() && !folder.ends_with('/')) {
    SEEKFS_TRY(store.check_key(folder));
    SEEKFS_ASSIGN(std::optional<objectstore::ObjectInfo> object, head_if_present(store, folder));
    if (object) {
      SEEKFS_TRY(adopter.take(std::move(*object), last_segment(folder)));
      return adopter.finish(where);
    }
    folder += '/';
  }
  SEEKFS_TRY(for_each_object(store, folder, [&](objectstore::ObjectInfo&& object) -> Status {
    std::string path = object.key.substr(folder.size());
    return adopter.take(std::move(object), std::move(path));
  }));
  return adopter.finish(where);
}

}  // namespace seekfs::publish
