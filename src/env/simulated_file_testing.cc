// An open file on a simulated disk: reads, writes up to the capacity, locks, and the write that a crash cuts off.
#include "env/simulated_file_testing.h"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace seekfs::env {
namespace {

constexpr std::uint64_t block_size = SimulatedContent::block_size;
constexpr std::uint32_t regular_mode = 0100000;
constexpr std::uint32_t directory_mode = 0040000;
constexpr std::uint64_t max_file_size = std::uint64_t{1} << 40U;  // far beyond what a test holds in RAM

template <class Byte>
std::uint64_t total_size(std::span<const std::span<Byte>> pieces) {
  std::uint64_t size = 0;
  for (const std::span<Byte> piece : pieces) size += piece.size();
  return size;
}

class SimulatedFile final : public File {
 public:
  /// Counted as open by the caller.
  SimulatedFile(std::shared_ptr<SimulatedState> disk, SimulatedNodeRef node, std::string path, OpenMode mode)
      : disk_(std::move(disk)), node_(std::move(node)), path_(std::move(path)), mode_(mode) {}
  ~SimulatedFile() override {
    const MutexLock lock(disk_->mutex);
    if (node_->lock_holder == this) node_->lock_holder = nullptr;
    --node_->open_files;
    disk_->release(*node_);
  }

  Result<std::size_t> read_scatter_at(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("read", path_));
    if (!mode_.read && mode_.write) return fail_simulated(EBADF, "read", path_);
    SEEKFS_TRY(check_range("read", offset, total_size(pieces)));
    return node_->content.read(offset, pieces);
  }
  Result<std::size_t> try_read_scatter_at(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) override {
    {
      const MutexLock lock(disk_->mutex);
      if (!disk_->page_cache) return fail(ErrorCode::transient, "read " + path_ + ": not in the page cache");
    }
    return read_scatter_at(offset, pieces);
  }

  Status write_gather_at(std::uint64_t offset, std::span<const std::span<const std::byte>> pieces) override {
    const MutexLock lock(disk_->mutex);
    const std::uint64_t wanted = total_size(pieces);
    SEEKFS_TRY(check_writable("write", offset, wanted));
    const Turn turn = disk_->next_turn("write", path_);
    if (turn == Turn::dead) return outcome(turn, "write", path_);
    const std::uint64_t fitting = fitting_bytes(offset, wanted);
    const std::uint64_t length = turn == Turn::cut ? disk_->cut_length(fitting) : fitting;
    disk_->used += node_->content.missing_blocks(offset, length);
    node_->content.write(offset, pieces, length);
    node_->mtime_ns = node_->ctime_ns = disk_->now_ns;
    if (turn == Turn::cut) return outcome(turn, "write", path_);
    if (length < wanted) return fail_simulated(ENOSPC, "write", path_);
    return {};
  }

  Status truncate(std::uint64_t size) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(check_writable("truncate", size, 0));
    const Turn turn = disk_->next_step("truncate", path_);
    if (turn != Turn::dead) {
      const std::uint64_t before = node_->content.allocated_blocks();
      node_->content.truncate(size);
      disk_->used -= before - node_->content.allocated_blocks();
      node_->mtime_ns = node_->ctime_ns = disk_->now_ns;
    }
    return outcome(turn, "truncate", path_);
  }

  Status allocate(std::uint64_t offset, std::uint64_t length) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(check_writable("allocate space for", offset, length));
    const std::uint64_t missing = node_->content.missing_blocks(offset, length);
    if (!disk_->crashed && missing > disk_->available()) return fail_simulated(ENOSPC, "allocate space for", path_);
    const Turn turn = disk_->next_step("allocate space for", path_);
    if (turn != Turn::dead) {
      disk_->used += missing;
      node_->content.allocate(offset, length);
    }
    return outcome(turn, "allocate space for", path_);
  }

  Status sync_data() override {
    const MutexLock lock(disk_->mutex);
    const Turn turn = disk_->next_step("sync", path_);
    if (turn != Turn::dead) {
      node_->content.sync();
    }
    return outcome(turn, "sync", path_);
  }

  Result<FileInfo> info() override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("stat", path_));
    return info_of(*node_);
  }

  Status set_modified(std::int64_t mtime_ns) override {
    const MutexLock lock(disk_->mutex);
    const Turn turn = disk_->next_step("set the time of", path_);
    if (turn != Turn::dead) {
      node_->mtime_ns = mtime_ns;
    }
    return outcome(turn, "set the time of", path_);
  }

  Result<bool> lock(bool wait) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("lock", path_));
    if (node_->lock_holder == nullptr) node_->lock_holder = this;
    if (node_->lock_holder == this) return true;
    if (wait) return fail_simulated(EDEADLK, "lock", path_);  // nobody would wake it
    return false;
  }

 private:
  Status check_range(std::string_view action, std::uint64_t offset, std::uint64_t length) const {
    if (offset <= max_file_size && length <= max_file_size - offset) return {};
    return fail_simulated(EINVAL, action, path_);
  }
  Status check_writable(std::string_view action, std::uint64_t offset, std::uint64_t length) const {
    if (!mode_.write) return fail_simulated(EBADF, action, path_);
    return check_range(action, offset, length);
  }
  /// How much of a write the free blocks take.
  std::uint64_t fitting_bytes(std::uint64_t offset, std::uint64_t length) const SEEKFS_REQUIRES(disk_->mutex) {
    if (node_->content.missing_blocks(offset, length) <= disk_->available()) return length;
    std::uint64_t fitting = 0;
    while (fitting < length) {
      const std::uint64_t step = std::min(block_size - (offset + fitting) % block_size, length - fitting);
      if (node_->content.missing_blocks(offset, fitting + step) > disk_->available()) break;
      fitting += step;
    }
    return fitting;
  }

  std::shared_ptr<SimulatedState> disk_;
  SimulatedNodeRef node_;
  std::string path_;
  OpenMode mode_;
};

}  // namespace

Status outcome(Turn turn, std::string_view action, const std::string& path) {
  if (turn == Turn::whole) return {};
  return fail(ErrorCode::transient, fmt::format("{} {}: the simulated disk has crashed", action, path));
}

std::unexpected<Error> fail_simulated(int error_number, std::string_view action, const std::string& path) {
  return std::unexpected<Error>(error_from_errno(error_number, fmt::format("{} {}", action, path)));
}

FileInfo info_of(const SimulatedNode& node) {
  FileInfo info;
  info.type = node.type;
  info.size = node.is_directory() ? block_size : node.content.size();
  info.allocated = node.blocks() * block_size;
  info.mtime_ns = node.mtime_ns;
  info.ctime_ns = node.ctime_ns;
  info.inode = node.id;
  info.device = 1;
  info.mode = node.permissions | (node.is_directory() ? directory_mode : regular_mode);
  info.links = node.links;
  return info;
}

std::unique_ptr<File> make_simulated_file(std::shared_ptr<SimulatedState> disk, SimulatedNodeRef node, std::string path,
                                          OpenMode mode) {
  ++node->open_files;
  return std::make_unique<SimulatedFile>(std::move(disk), std::move(node), std::move(path), mode);
}

}  // namespace seekfs::env
