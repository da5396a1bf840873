// A file system in RAM that models a disk behind a volatile page cache: what a power loss or a kill leaves can be had
// at any operation, the same for the same seed. It has a capacity, counts blocks, and knows locks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "env/file.h"

namespace seekfs::env {

/// Synced is: the content and size of a file by its sync_data(), the names in a directory by sync_directory(), all by
/// sync_file_system(). What is not synced may be lost at a power loss, in any combination: each 512-byte sector has any
/// of the states that it had since the sync, or a mixture of two; each size and each creation, renaming and removal of
/// a name is kept or lost (renaming is never half done). Blocks are 4 KiB, a directory takes one, holes none. There are
/// no symbolic links. Thread-safe; files may outlive the disk.
class SimulatedDisk : public FileSystem {
 public:
  /// Operations that change or sync something, so far: those at which a crash makes a difference.
  virtual std::uint64_t operations() const = 0;
  /// Operation number `operation` (the first is 1) fails, possibly after a part of it was done, and so does everything
  /// after it, reads included.
  virtual void crash_at(std::uint64_t operation) = 0;
  virtual bool crashed() const = 0;
  /// What the crash cut off, as "action path"; empty without a crash.
  virtual std::string cut_operation() const = 0;

  /// What a power loss now could leave.
  virtual std::unique_ptr<SimulatedDisk> after_crash(std::uint64_t seed) const = 0;
  /// What the end of the process leaves: everything that was done, not more durable than it was. Nothing is open.
  virtual std::unique_ptr<SimulatedDisk> after_kill() const = 0;

  /// Without it, try_read finds nothing in the page cache.
  virtual void set_page_cache(bool on) = 0;
  /// What type_name() says; at first "ext4".
  virtual void set_type_name(std::string type) = 0;
};

/// An empty disk that has `capacity` bytes for files and directories.
std::unique_ptr<SimulatedDisk> make_simulated_disk(std::uint64_t capacity);

}  // namespace seekfs::env
