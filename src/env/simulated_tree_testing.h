// The names of a simulated disk: directories as a process sees them, and the changes of names that no sync made
// durable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "env/file.h"
#include "env/simulated_content_testing.h"

namespace seekfs::env {

struct SimulatedNode;
using SimulatedNodeRef = std::shared_ptr<SimulatedNode>;

/// A file or a directory.
struct SimulatedNode {
  using Entries = std::map<std::string, SimulatedNodeRef, std::less<>>;

  std::uint64_t id = 0;
  FileType type = FileType::regular;
  std::uint32_t permissions = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t links = 1;
  std::uint64_t open_files = 0;
  const void* lock_holder = nullptr;  ///< the open file that has the lock
  SimulatedContent content;           ///< of a file
  Entries entries;                    ///< of a directory
  Entries durable_entries;            ///< those of them that a sync made durable

  bool is_directory() const noexcept { return type == FileType::directory; }
  std::uint64_t blocks() const noexcept { return is_directory() ? 1 : content.allocated_blocks(); }
};

/// Names and nodes. Errors carry an errno's meaning and the path. Not thread-safe.
class SimulatedTree {
 public:
  SimulatedTree();

  Result<SimulatedNodeRef> find(std::string_view action, const std::string& path) const;
  /// Where the last component of a path goes.
  struct Place {
    SimulatedNodeRef directory;
    std::string name;
    SimulatedNodeRef node;  ///< null when there is none of that name
  };
  Result<Place> place(std::string_view action, const std::string& path) const;

  SimulatedNodeRef create(const Place& place, FileType type, std::uint32_t permissions, std::int64_t now_ns);
  void remove(const Place& place);
  /// Whether rename() would work.
  static Status check_rename(const std::string& from_path, const Place& from, const std::string& to_path,
                             const Place& to);
  void rename(const Place& from, const Place& to);

  void sync_directory(const SimulatedNodeRef& directory);
  void sync_all();

  std::uint64_t blocks() const;  ///< of everything that has a name
  /// What a power loss leaves; the same for the same seed.
  SimulatedTree after_crash(std::uint64_t seed) const;
  /// The same state with nodes of its own.
  SimulatedTree copy() const;

 private:
  /// Creating has no `from`, removing no `to`, renaming both.
  struct Change {
    SimulatedNodeRef from_directory;
    std::string from;
    SimulatedNodeRef to_directory;
    std::string to;
    SimulatedNodeRef node;
  };
  class Crash;
  class Copy;

  void forget(const SimulatedNodeRef& node);

  SimulatedNodeRef root_;
  std::vector<Change> changes_;  ///< not durable yet, in order
  std::uint64_t next_id_ = 2;
  std::vector<SimulatedContent::BlockRef> stale_;  ///< of files that are gone
};

}  // namespace seekfs::env
