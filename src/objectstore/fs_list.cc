// The walk behind list: depth first, each directory in the byte order of the keys below it.
#include "objectstore/fs_list.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "objectstore/fs_layout.h"
#include "objectstore/fs_object.h"
#include "objectstore/object_rules.h"

namespace seekfs::objectstore {
namespace {

/// What a directory holds, under the text by which it is ordered: a file's key, or a directory's key and a slash. Keys
/// below a directory all begin with that text, so ordering entries by it orders all keys: "a.b" < "a/b" < "a0".
struct Entry {
  std::string text;
  env::FileType type;

  bool is_directory() const { return type == env::FileType::directory; }
};

struct LaterFirst {
  bool operator()(const Entry& left, const Entry& right) const { return left.text > right.text; }
};

class Walk {
 public:
  Walk(env::Directory& root, const ListRequest& request, const RequestOptions& options, const env::Clock& clock)
      : root_(root), request_(request), options_(options), clock_(clock) {}

  Result<ListReply> run() {
    SEEKFS_ASSIGN(const bool exists, start_exists());
    if (exists) SEEKFS_TRY(visit_directory(start_directory()));
    return std::move(reply_);
  }

 private:
  /// The deepest directory that holds every key with the prefix; empty for the root.
  std::string start_directory() const {
    const std::size_t slash = request_.prefix.rfind('/');
    return slash == std::string::npos ? std::string() : request_.prefix.substr(0, slash);
  }

  /// Whether the start is made of directories and not of links, which a list does not follow.
  Result<bool> start_exists() {
    const std::string start = start_directory();
    if (start.empty()) return !request_.prefix.starts_with('/');
    if (!check_fs_key(start)) return false;
    for (std::size_t end = 0; end != std::string::npos;) {
      end = start.find('/', end + 1);
      const Result<env::FileInfo> facts = root_.lstat(start.substr(0, end));
      if (!facts) {
        const ErrorCode code = facts.error().code;
        if (code == ErrorCode::not_found || code == ErrorCode::invalid) return false;
        return std::unexpected<Error>(facts.error());
      }
      if (facts->type != env::FileType::directory) return false;
    }
    return true;
  }

  /// Whether the entry is, or may hold, an item that was asked for.
  bool wanted(const Entry& entry) const {
    const std::string& text = entry.text;
    const std::string& after = request_.start_after;
    if (!entry.is_directory()) return text.starts_with(request_.prefix) && text > after;
    return (text.starts_with(request_.prefix) || request_.prefix.starts_with(text)) &&
           (text > after || after.starts_with(text));
  }

  /// The wanted entries of a directory as a heap, smallest text first: a page of a directory of a million names is cut
  /// out of it without sorting them all.
  Result<std::vector<Entry>> entries_of(const std::string& directory) {
    std::vector<Entry> entries;
    Result<std::vector<env::DirectoryEntry>> names = root_.list(directory);
    if (!names) {
      // Removed, or replaced by something else, since its name was read.
      const ErrorCode code = names.error().code;
      if (code == ErrorCode::not_found || code == ErrorCode::invalid) return entries;
      return std::unexpected<Error>(names.error());
    }
    const std::string base = directory.empty() ? std::string() : directory + "/";
    for (env::DirectoryEntry& name : *names) {
      if (name.type == env::FileType::other) continue;
      std::string key = base + name.name;
      if (!check_fs_key(key)) continue;
      Entry entry{std::move(key), name.type};
      if (entry.is_directory()) entry.text += '/';
      if (wanted(entry)) entries.push_back(std::move(entry));
    }
    std::make_heap(entries.begin(), entries.end(), LaterFirst());
    return entries;
  }

  /// Depth is bounded by the length of a key.
  Status visit_directory(const std::string& directory) {
    SEEKFS_TRY(check_deadline(clock_, options_, "list " + request_.prefix));
    SEEKFS_ASSIGN(std::vector<Entry> entries, entries_of(directory));
    while (!entries.empty() && !full_) {
      std::pop_heap(entries.begin(), entries.end(), LaterFirst());
      const Entry entry = std::move(entries.back());
      entries.pop_back();
      if (in_group(entry.text)) continue;
      if (entry.is_directory()) {
        SEEKFS_TRY(visit_directory(entry.text.substr(0, entry.text.size() - 1)));
        if (in_group(directory + "/")) return {};
      } else {
        SEEKFS_TRY(visit_file(entry));
      }
    }
    return {};
  }

  /// Whether everything that begins with `text` belongs to a common prefix that was dealt with.
  bool in_group(std::string_view text) const { return !group_.empty() && text.starts_with(group_); }

  Status visit_file(const Entry& entry) {
    if (entry.type == env::FileType::symlink) {
      // Dangling, leading out of the root, or to a directory: no object of this list.
      const Result<env::FileInfo> target = root_.stat(entry.text);
      if (!target || target->type != env::FileType::regular) return {};
    }
    if (!request_.delimiter) return add_object(entry.text);
    const std::size_t cut = entry.text.find(*request_.delimiter, request_.prefix.size());
    if (cut == std::string::npos) return add_object(entry.text);
    group_ = entry.text.substr(0, cut + 1);
    if (group_ > request_.start_after && has_room()) {
      reply_.common_prefixes.push_back(group_);
      last_ = group_;
    }
    return {};
  }

  Status add_object(const std::string& key) {
    if (!has_room()) return {};
    SEEKFS_TRY(check_deadline(clock_, options_, "list " + request_.prefix));
    Result<FsObject> object = open_fs_object(root_, key);
    if (!object) {
      if (object.error().code == ErrorCode::not_found) return {};  // removed since its name was read
      return std::unexpected<Error>(object.error());
    }
    reply_.objects.push_back(std::move(object->info));
    last_ = key;
    return {};
  }

  /// Ends the walk when the page is full: the item at hand is the first of the next one.
  bool has_room() {
    full_ = reply_.objects.size() + reply_.common_prefixes.size() >= request_.max_keys;
    if (full_) reply_.next_start_after = last_;
    return !full_;
  }

  env::Directory& root_;
  const ListRequest& request_;
  const RequestOptions& options_;
  const env::Clock& clock_;
  ListReply reply_;
  std::string group_;  ///< the common prefix found last
  std::string last_;   ///< the text of the item added last
  bool full_ = false;
};

}  // namespace

Result<ListReply> list_fs_objects(env::Directory& root, const ListRequest& request, const RequestOptions& options,
                                  const env::Clock& clock) {
  return Walk(root, request, options, clock).run();
}

}  // namespace seekfs::objectstore
