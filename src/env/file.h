// Files and directories behind an interface: the POSIX one and one that injects faults. Whoever touches a disk takes a
// FileSystem. Paths are absolute or relative to the working directory; errors carry the path and the errno's meaning.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs::env {

enum class FileType : std::uint8_t { regular, directory, symlink, other };

/// What stat says. Times are nanoseconds since the Unix epoch.
struct FileInfo {
  FileType type = FileType::other;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;  ///< bytes on disk (st_blocks × 512)
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t inode = 0;
  std::uint64_t device = 0;
  std::uint32_t mode = 0;
  std::uint32_t owner = 0;  ///< user id
  std::uint64_t links = 0;  ///< names of the file; 0 once the last was removed or replaced
};

struct DirectoryEntry {
  std::string name;
  FileType type = FileType::other;
};

/// How a file is opened. Every mode adds O_CLOEXEC; new files get 0644 and directories 0755 under the umask, or as
/// asked.
struct OpenMode {
  bool read = true;
  bool write = false;
  bool create = false;
  bool exclusive = false;  ///< with create: fail (precondition_failed) when it exists
  bool truncate = false;
  bool no_follow = false;  ///< a symbolic link as the last component is an error (invalid)
  std::uint32_t permissions = 0644;
};

/// An open file; closed by the destructor. Positional reads and writes may run in parallel from many threads.
class File {
 public:
  virtual ~File() = default;
  /// Reads at `offset` into one piece after the other until all are full or the file ends; the count. EINTR is retried.
  virtual Result<std::size_t> read_scatter_at(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) = 0;
  /// The same, but only what is in the page cache, by one preadv2(RWF_NOWAIT): a short count, or `transient`, means
  /// "ask a pool".
  virtual Result<std::size_t> try_read_scatter_at(std::uint64_t offset,
                                                  std::span<const std::span<std::byte>> pieces) = 0;
  /// Writes all pieces, one behind the other, or fails; a failure may leave a part written.
  virtual Status write_gather_at(std::uint64_t offset, std::span<const std::span<const std::byte>> pieces) = 0;

  /// The same with one piece.
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) {
    return read_scatter_at(offset, std::span(&out, 1));
  }
  Result<std::size_t> try_read_at(std::uint64_t offset, std::span<std::byte> out) {
    return try_read_scatter_at(offset, std::span(&out, 1));
  }
  Status write_at(std::uint64_t offset, std::span<const std::byte> data) {
    return write_gather_at(offset, std::span(&data, 1));
  }

  virtual Status truncate(std::uint64_t size) = 0;
  /// Reserves disk space without changing what is read (posix_fallocate).
  virtual Status allocate(std::uint64_t offset, std::uint64_t length) = 0;
  virtual Status sync_data() = 0;
  virtual Result<FileInfo> info() = 0;
  /// Sets the modification time, in nanoseconds since the Unix epoch.
  virtual Status set_modified(std::int64_t mtime_ns) = 0;
  /// An exclusive advisory lock on the whole file, held until the File is destroyed or its process ends. False: held
  /// by another open file and `wait` was false.
  virtual Result<bool> lock(bool wait) = 0;
};

/// An open directory as a boundary: names are relative to it, and none leads out of it, whatever happens to the tree
/// meanwhile. Symbolic links are followed as long as each step stays inside; one that leads outside, an absolute one,
/// and a name that climbs out by ".." are `denied` (openat2(2), RESOLVE_BENEATH; Linux 5.6). Thread-safe. It stays the
/// same directory when its path is renamed or given to another one.
class Directory {
 public:
  virtual ~Directory() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) = 0;
  /// Follows symbolic links inside.
  virtual Result<FileInfo> stat(const std::string& name) = 0;
  virtual Result<FileInfo> lstat(const std::string& name) = 0;
  /// All entries but "." and "..", in no order; an empty name lists the directory itself.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& name) = 0;
  virtual Status make_directories(const std::string& name, std::uint32_t permissions = 0755) = 0;
  /// Atomic; replaces the target. Links in the last component are renamed and replaced, never followed. `invalid` when
  /// the two lie on different file systems.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove_file(const std::string& name) = 0;
  /// Only an empty one; precondition_failed when it is not.
  virtual Status remove_directory(const std::string& name) = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  /// Follows symbolic links; `invalid` when it is no directory.
  virtual Result<std::unique_ptr<Directory>> open_directory(const std::string& path) = 0;
  /// Follows symbolic links.
  virtual Result<FileInfo> stat(const std::string& path) = 0;
  virtual Result<FileInfo> lstat(const std::string& path) = 0;
  /// All entries but "." and "..", in no order.
  virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  /// Creates the directory and its missing parents; an existing directory is success.
  virtual Status make_directories(const std::string& path, std::uint32_t permissions = 0755) = 0;
  /// Atomic; replaces the target.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove_file(const std::string& path) = 0;
  /// Only an empty one.
  virtual Status remove_directory(const std::string& path) = 0;
  /// The absolute path without links, "." or "..".
  virtual Result<std::string> canonical(const std::string& path) = 0;
  /// syncfs on the file system that holds `path`.
  virtual Status sync_file_system(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
  struct Space {
    std::uint64_t total = 0;
    std::uint64_t available = 0;
  };
  virtual Result<Space> space(const std::string& path) = 0;
  /// The kind of file system that holds `path`: "ext4", "xfs", "tmpfs", "overlay", "nfs", "fuse" and so on; one that
  /// has no name here is its magic number from statfs(2), "0x1234abcd".
  virtual Result<std::string> type_name(const std::string& path) = 0;
};

/// Whether files of that type (type_name()) may lie on another machine, where locks and syncs mean less than on a disk.
/// "fuse" counts: nothing tells what is behind it.
bool is_network_file_system(std::string_view type) noexcept;

/// The POSIX file system of this machine. Has no state; lives as long as the program.
FileSystem& posix_file_system();

/// Reads a whole file of at most `limit` bytes; too_large beyond.
Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t limit);
/// Writes `content` to a temporary file beside `path` and renames it there: readers see the old or the new content.
/// With `durable`, file and directory are synced.
Status write_file_atomically(FileSystem& files, const std::string& path, std::string_view content, bool durable,
                             std::uint32_t permissions = 0644);

}  // namespace seekfs::env
