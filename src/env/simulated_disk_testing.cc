// The file system over a simulated tree: names, capacity, and the operation at which everything ends.
#include "env/simulated_disk_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "env/simulated_file_testing.h"

namespace seekfs::env {
namespace {

constexpr std::uint64_t block_size = SimulatedContent::block_size;

/// Names below a path; nothing leads out of it. Unlike a real one it does not follow when its path is renamed.
class SimulatedDirectory final : public Directory {
 public:
  SimulatedDirectory(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) override {
    SEEKFS_ASSIGN(const std::string path, inside(name));
    return files_.open(path, mode);
  }
  Result<FileInfo> stat(const std::string& name) override {
    SEEKFS_ASSIGN(const std::string path, inside(name));
    return files_.stat(path);
  }
  Result<FileInfo> lstat(const std::string& name) override { return stat(name); }
  Result<std::vector<DirectoryEntry>> list(const std::string& name) override {
    SEEKFS_ASSIGN(const std::string path, inside(name));
    return files_.list(path);
  }
  Status make_directories(const std::string& name, std::uint32_t permissions) override {
    SEEKFS_ASSIGN(const std::string path, inside(name));
    return files_.make_directories(path, permissions);
  }
  Status rename(const std::string& from, const std::string& to) override {
    SEEKFS_ASSIGN(const std::string source, inside(from));
    SEEKFS_ASSIGN(const std::string target, inside(to));
    return files_.rename(source, target);
  }
  Status remove_file(const std::string& name) override {
    SEEKFS_ASSIGN(const std::string path, inside(name));
    return files_.remove_file(path);
  }
  Status remove_directory(const std::string& name) override {
    SEEKFS_ASSIGN(const std::string path, inside(name));
    return files_.remove_directory(path);
  }

 private:
  Result<std::string> inside(const std::string& name) const {
    if (!name.starts_with('/') && ("/" + name + "/").find("/../") == std::string::npos) return path_ + "/" + name;
    return fail(ErrorCode::denied, fmt::format("{}/{}: the name leads out of the directory", path_, name));
  }

  FileSystem& files_;
  std::string path_;
};

class RamDisk final : public SimulatedDisk {
 public:
  explicit RamDisk(std::shared_ptr<SimulatedState> disk) : disk_(std::move(disk)) {}

  std::uint64_t operations() const override {
    const MutexLock lock(disk_->mutex);
    return disk_->operations;
  }
  void crash_at(std::uint64_t operation) override {
    const MutexLock lock(disk_->mutex);
    disk_->crash_operation = operation;
  }
  bool crashed() const override {
    const MutexLock lock(disk_->mutex);
    return disk_->crashed;
  }
  std::string cut_operation() const override {
    const MutexLock lock(disk_->mutex);
    return disk_->cut_operation;
  }
  std::unique_ptr<SimulatedDisk> after_crash(std::uint64_t seed) const override {
    const MutexLock lock(disk_->mutex);
    return with(disk_->tree.after_crash(seed));
  }
  std::unique_ptr<SimulatedDisk> after_kill() const override {
    const MutexLock lock(disk_->mutex);
    return with(disk_->tree.copy());
  }
  void set_page_cache(bool on) override {
    const MutexLock lock(disk_->mutex);
    disk_->page_cache = on;
  }
  void set_type_name(std::string type) override {
    const MutexLock lock(disk_->mutex);
    disk_->type = std::move(type);
  }

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("open", path));
    SEEKFS_ASSIGN(SimulatedTree::Place place, disk_->tree.place("open", path));
    if (place.node == nullptr) {
      if (!mode.create) return fail_simulated(ENOENT, "open", path);
      const Turn turn = disk_->next_step("open", path);
      if (turn != Turn::dead) {
        place.node = disk_->tree.create(place, FileType::regular, mode.permissions, disk_->now_ns);
      }
      SEEKFS_TRY(outcome(turn, "open", path));
    } else if (mode.create && mode.exclusive) {
      return fail_simulated(EEXIST, "open", path);
    } else if (place.node->is_directory()) {
      return fail_simulated(EISDIR, "open", path);
    } else if (mode.truncate && place.node->content.size() > 0) {
      const Turn turn = disk_->next_step("open", path);
      if (turn != Turn::dead) {
        disk_->used -= place.node->content.allocated_blocks();
        place.node->content.truncate(0);
        disk_->used += place.node->content.allocated_blocks();
      }
      SEEKFS_TRY(outcome(turn, "open", path));
    }
    return make_simulated_file(disk_, place.node, path, mode);
  }

  Result<std::unique_ptr<Directory>> open_directory(const std::string& path) override {
    SEEKFS_ASSIGN(const FileInfo info, stat(path));
    if (info.type != FileType::directory) return fail_simulated(ENOTDIR, "open", path);
    return std::make_unique<SimulatedDirectory>(*this, path);
  }

  Result<FileInfo> stat(const std::string& path) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("stat", path));
    SEEKFS_ASSIGN(const SimulatedNodeRef node, disk_->tree.find("stat", path));
    return info_of(*node);
  }
  Result<FileInfo> lstat(const std::string& path) override { return stat(path); }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("list", path));
    SEEKFS_ASSIGN(const SimulatedNodeRef node, disk_->tree.find("list", path));
    if (!node->is_directory()) return fail_simulated(ENOTDIR, "list", path);
    std::vector<DirectoryEntry> entries;
    for (const auto& [name, child] : node->entries) entries.push_back({name, child->type});
    return entries;
  }

  Status make_directories(const std::string& path, std::uint32_t permissions) override {
    std::string_view rest = path;
    if (rest.empty()) return fail_simulated(ENOENT, "create directory", path);
    for (std::size_t end = 0; end < rest.size();) {
      end = std::min(rest.find('/', end + 1), rest.size());
      SEEKFS_TRY(make_directory(std::string(rest.substr(0, end)), permissions));
    }
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("rename", from));
    SEEKFS_ASSIGN(const SimulatedTree::Place source, disk_->tree.place("rename", from));
    SEEKFS_ASSIGN(const SimulatedTree::Place target, disk_->tree.place("rename " + from + " to", to));
    SEEKFS_TRY(SimulatedTree::check_rename(from, source, to, target));
    const Turn turn = disk_->next_step("rename", from);
    if (turn != Turn::dead) {
      disk_->tree.rename(source, target);
      if (target.node != nullptr && target.node != source.node) disk_->release(*target.node);
    }
    return outcome(turn, "rename", from);
  }

  Status remove_file(const std::string& path) override { return remove("remove", path, FileType::regular); }
  Status remove_directory(const std::string& path) override {
    return remove("remove directory", path, FileType::directory);
  }

  Result<std::string> canonical(const std::string& path) override {
    SEEKFS_TRY(stat(path));
    return path;
  }

  Status sync_file_system(const std::string& path) override {
    const MutexLock lock(disk_->mutex);
    const Turn turn = disk_->next_step("sync the file system of", path);
    if (turn != Turn::dead) {
      disk_->tree.sync_all();
    }
    return outcome(turn, "sync the file system of", path);
  }
  Status sync_directory(const std::string& path) override {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("sync directory", path));
    SEEKFS_ASSIGN(const SimulatedNodeRef node, disk_->tree.find("sync directory", path));
    if (!node->is_directory()) return fail_simulated(ENOTDIR, "sync directory", path);
    const Turn turn = disk_->next_step("sync directory", path);
    if (turn != Turn::dead) {
      disk_->tree.sync_directory(node);
    }
    return outcome(turn, "sync directory", path);
  }

  Result<Space> space(const std::string& path) override {
    SEEKFS_TRY(stat(path));
    const MutexLock lock(disk_->mutex);
    return Space{disk_->capacity * block_size, disk_->available() * block_size};
  }
  Result<std::string> type_name(const std::string& path) override {
    SEEKFS_TRY(stat(path));
    const MutexLock lock(disk_->mutex);
    return disk_->type;
  }

 private:
  std::unique_ptr<SimulatedDisk> with(SimulatedTree tree) const SEEKFS_REQUIRES(disk_->mutex) {
    auto left = std::make_shared<SimulatedState>(disk_->capacity * block_size);
    {
      // Nobody else knows it yet, so the order of the two locks can't matter.
      const MutexLock lock(left->mutex);
      left->tree = std::move(tree);
      left->used = left->tree.blocks();
      left->now_ns = disk_->now_ns;
      left->page_cache = disk_->page_cache;
      left->type = disk_->type;
    }
    return std::make_unique<RamDisk>(std::move(left));
  }

  Status make_directory(const std::string& path, std::uint32_t permissions) {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive("create directory", path));
    if (const auto existing = disk_->tree.find("create directory", path)) {
      return (*existing)->is_directory() ? Status{} : fail_simulated(ENOTDIR, "create directory", path);
    }
    SEEKFS_ASSIGN(const SimulatedTree::Place place, disk_->tree.place("create directory", path));
    if (disk_->available() == 0) return fail_simulated(ENOSPC, "create directory", path);
    const Turn turn = disk_->next_step("create directory", path);
    if (turn != Turn::dead) {
      disk_->tree.create(place, FileType::directory, permissions, disk_->now_ns);
      ++disk_->used;
    }
    return outcome(turn, "create directory", path);
  }

  Status remove(std::string_view action, const std::string& path, FileType type) {
    const MutexLock lock(disk_->mutex);
    SEEKFS_TRY(disk_->check_alive(action, path));
    SEEKFS_ASSIGN(const SimulatedTree::Place place, disk_->tree.place(action, path));
    if (place.node == nullptr) return fail_simulated(ENOENT, action, path);
    if (place.node->type != type) return fail_simulated(type == FileType::directory ? ENOTDIR : EISDIR, action, path);
    if (!place.node->entries.empty()) return fail_simulated(EEXIST, action, path);
    const Turn turn = disk_->next_step(action, path);
    if (turn != Turn::dead) {
      disk_->tree.remove(place);
      disk_->release(*place.node);
    }
    return outcome(turn, action, path);
  }

  std::shared_ptr<SimulatedState> disk_;
};

}  // namespace

std::unique_ptr<SimulatedDisk> make_simulated_disk(std::uint64_t capacity) {
  return std::make_unique<RamDisk>(std::make_shared<SimulatedState>(capacity));
}

}  // namespace seekfs::env
