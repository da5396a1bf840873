// The changes of one publish, and how they are applied to a version: pure functions, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "manifest/model.h"
#include "publish/snapshot.h"

namespace seekfs::publish {

/// Files to set and files to drop; no path is in both.
struct ChangeSet {
  std::map<std::string, manifest::FileEntry> puts;
  std::set<std::string> removes;
  bool replace = false;  ///< the changes were meant as the whole version

  bool empty() const noexcept { return puts.empty() && removes.empty(); }
};

/// Drops puts that the version holds just so, and removes of what it lacks. A put counts as held when content and place
/// are the same.
void keep_effective(ChangeSet& changes, const Snapshot& version);

/// What a version becomes by the changes: files and tombstones sorted, parents and created_at still to be set.
/// invalid_path when a file would be the folder of another, naming both.
Result<manifest::Manifest> apply(const Snapshot& version, const ChangeSet& changes);

/// Carries changes that were made against `base` over to `current`, a later version by somebody else. What `current`
/// has already is dropped from them. conflict, naming the path, when both changed the same path to other content, and
/// for `replace`.
Status rebase(ChangeSet& changes, const Snapshot& base, const Snapshot& current);

/// How many of the changes add, change and remove a file of the version.
struct ChangeCounts {
  std::uint64_t added = 0;
  std::uint64_t changed = 0;
  std::uint64_t removed = 0;
};
ChangeCounts count_changes(const ChangeSet& changes, const Snapshot& version);

/// invalid_path naming the first path (of a sorted list) that is a folder of another.
Status check_folders(const std::vector<manifest::FileEntry>& sorted_files);

}  // namespace seekfs::publish
