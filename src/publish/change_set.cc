// Two-way and three-way application of changes to versions.
#include "publish/change_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "manifest/in_quotes.h"

namespace seekfs::publish {
namespace {

using manifest::FileEntry;
using manifest::in_quotes;

std::string version_name(const Snapshot& version) {
  return version.head() ? fmt::format("v-{}", version.head()->version) : "no version";
}

std::unexpected<Error> conflict(const std::string& path, const Snapshot& base, const Snapshot& current) {
  return fail(ErrorCode::conflict,
              fmt::format("{} was changed by somebody else: HEAD went from {} to {} meanwhile; publish again to change "
                          "that version",
                          in_quotes(path), version_name(base), version_name(current)));
}

bool same_state(const FileEntry* a, const FileEntry* b) {
  return a == nullptr || b == nullptr ? a == b : same_content(*a, *b);
}

/// Whether a put still has to be applied to `current`; conflict when somebody else changed the same file.
Result<bool> needs_put(const FileEntry& wanted, const Snapshot& base, const Snapshot& current) {
  const FileEntry* before = base.find(wanted.path);
  const FileEntry* now = current.find(wanted.path);
  if (same_state(before, now)) return true;
  if (same_state(now, &wanted)) return false;
  return conflict(wanted.path, base, current);
}

Result<bool> needs_remove(const std::string& path, const Snapshot& base, const Snapshot& current) {
  const FileEntry* now = current.find(path);
  if (now == nullptr) return false;
  if (same_state(base.find(path), now)) return true;
  return conflict(path, base, current);
}

}  // namespace

void keep_effective(ChangeSet& changes, const Snapshot& version) {
  std::erase_if(changes.puts, [&](const auto& put) {
    const FileEntry* held = version.find(put.first);
    return held != nullptr && same_content(*held, put.second) && held->storage == put.second.storage;
  });
  std::erase_if(changes.removes, [&](const std::string& path) { return version.find(path) == nullptr; });
}

Result<manifest::Manifest> apply(const Snapshot& version, const ChangeSet& changes) {
  manifest::Manifest next;
  next.files.reserve(version.files().size() + changes.puts.size());
  for (const FileEntry& file : version.files()) {
    if (changes.puts.contains(file.path)) continue;
    if (changes.removes.contains(file.path)) {
      next.tombstones.push_back(file.path);
    } else {
      next.files.push_back(file);
    }
  }
  for (const auto& [path, entry] : changes.puts) next.files.push_back(entry);
  std::ranges::sort(next.files, {}, &FileEntry::path);
  SEEKFS_TRY(check_folders(next.files));
  return next;
}

Status rebase(ChangeSet& changes, const Snapshot& base, const Snapshot& current) {
  if (changes.replace) {
    return fail(ErrorCode::conflict, fmt::format("HEAD went from {} to {} meanwhile, and --replace would undo that; "
                                                 "publish again to replace the new version",
                                                 version_name(base), version_name(current)));
  }
  for (auto put = changes.puts.begin(); put != changes.puts.end();) {
    SEEKFS_ASSIGN(const bool needed, needs_put(put->second, base, current));
    put = needed ? std::next(put) : changes.puts.erase(put);
  }
  for (auto path = changes.removes.begin(); path != changes.removes.end();) {
    SEEKFS_ASSIGN(const bool needed, needs_remove(*path, base, current));
    path = needed ? std::next(path) : changes.removes.erase(path);
  }
  keep_effective(changes, current);
  return {};
}

ChangeCounts count_changes(const ChangeSet& changes, const Snapshot& version) {
  ChangeCounts counts;
  for (const auto& [path, entry] : changes.puts) ++(version.find(path) == nullptr ? counts.added : counts.changed);
  counts.removed = changes.removes.size();
  return counts;
}

Status check_folders(const std::vector<FileEntry>& sorted_files) {
  // "a" and "a/b" need not be neighbours ("a-b" sorts between them), so each folder is looked up, once per run of
  // files.
  std::string_view checked;
  for (const FileEntry& file : sorted_files) {
    const std::string_view path = file.path;
    const std::size_t last = path.rfind('/');
    if (last == std::string_view::npos || path.substr(0, last) == checked) continue;
    for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
      const std::string_view folder = path.substr(0, slash);
      const auto found = std::ranges::lower_bound(sorted_files, folder, {}, &FileEntry::path);
      if (found != sorted_files.end() && found->path == folder) {
        return fail(ErrorCode::invalid_path, fmt::format("{} cannot be published beside {}: it would be a file and a "
                                                         "folder at once; delete one of them",
                                                         in_quotes(folder), in_quotes(path)));
      }
    }
    checked = path.substr(0, last);
  }
  return {};
}

}  // namespace seekfs::publish
