// Files, directories and the file system, each asking the plan before it passes a call on.
#include "env/faulty_file_system.h"

#include <utility>

namespace seekfs::env {
namespace {

/// Shared by the file system and what was opened from it.
struct Plan {
  FaultPlan ask;

  Status check(FileOp operation, const std::string& path) const {
    if (const std::optional<int> error_number = ask(operation, path)) {
      return std::unexpected<Error>(error_from_errno(*error_number, path));
    }
    return {};
  }
};
using SharedPlan = std::shared_ptr<const Plan>;

class FaultyFile final : public File {
 public:
  FaultyFile(std::unique_ptr<File> base, SharedPlan plan, std::string path)
      : base_(std::move(base)), plan_(std::move(plan)), path_(std::move(path)) {}

  Result<std::size_t> read_scatter_at(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) override {
    SEEKFS_TRY(plan_->check(FileOp::read, path_));
    return base_->read_scatter_at(offset, pieces);
  }
  Result<std::size_t> try_read_scatter_at(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) override {
    SEEKFS_TRY(plan_->check(FileOp::read, path_));
    return base_->try_read_scatter_at(offset, pieces);
  }
  Status write_gather_at(std::uint64_t offset, std::span<const std::span<const std::byte>> pieces) override {
    SEEKFS_TRY(plan_->check(FileOp::write, path_));
    return base_->write_gather_at(offset, pieces);
  }
  Status truncate(std::uint64_t size) override {
    SEEKFS_TRY(plan_->check(FileOp::truncate, path_));
    return base_->truncate(size);
  }
  Status allocate(std::uint64_t offset, std::uint64_t length) override {
    SEEKFS_TRY(plan_->check(FileOp::allocate, path_));
    return base_->allocate(offset, length);
  }
  Status sync_data() override {
    SEEKFS_TRY(plan_->check(FileOp::sync, path_));
    return base_->sync_data();
  }
  Result<FileInfo> info() override {
    SEEKFS_TRY(plan_->check(FileOp::stat, path_));
    return base_->info();
  }
  Status set_modified(std::int64_t mtime_ns) override {
    SEEKFS_TRY(plan_->check(FileOp::write, path_));
    return base_->set_modified(mtime_ns);
  }
  Result<bool> lock(bool wait) override {
    SEEKFS_TRY(plan_->check(FileOp::lock, path_));
    return base_->lock(wait);
  }

 private:
  std::unique_ptr<File> base_;
  SharedPlan plan_;
  std::string path_;
};

class FaultyDirectory final : public Directory {
 public:
  FaultyDirectory(std::unique_ptr<Directory> base, SharedPlan plan, std::string path)
      : base_(std::move(base)), plan_(std::move(plan)), path_(std::move(path)) {}

  Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) override {
    SEEKFS_TRY(plan_->check(FileOp::open, full(name)));
    SEEKFS_ASSIGN(std::unique_ptr<File> file, base_->open(name, mode));
    return std::make_unique<FaultyFile>(std::move(file), plan_, full(name));
  }
  Result<FileInfo> stat(const std::string& name) override {
    SEEKFS_TRY(plan_->check(FileOp::stat, full(name)));
    return base_->stat(name);
  }
  Result<FileInfo> lstat(const std::string& name) override {
    SEEKFS_TRY(plan_->check(FileOp::stat, full(name)));
    return base_->lstat(name);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& name) override {
    SEEKFS_TRY(plan_->check(FileOp::list, full(name)));
    return base_->list(name);
  }
  Status make_directories(const std::string& name, std::uint32_t permissions) override {
    SEEKFS_TRY(plan_->check(FileOp::make_directory, full(name)));
    return base_->make_directories(name, permissions);
  }
  Status rename(const std::string& from, const std::string& to) override {
    SEEKFS_TRY(plan_->check(FileOp::rename, full(to)));
    return base_->rename(from, to);
  }
  Status remove_file(const std::string& name) override {
    SEEKFS_TRY(plan_->check(FileOp::remove, full(name)));
    return base_->remove_file(name);
  }
  Status remove_directory(const std::string& name) override {
    SEEKFS_TRY(plan_->check(FileOp::remove, full(name)));
    return base_->remove_directory(name);
  }

 private:
  std::string full(const std::string& name) const { return name.empty() ? path_ : path_ + "/" + name; }

  std::unique_ptr<Directory> base_;
  SharedPlan plan_;
  std::string path_;
};

class FaultyFileSystem final : public FileSystem {
 public:
  FaultyFileSystem(FileSystem& base, FaultPlan plan)
      : base_(base), plan_(std::make_shared<const Plan>(std::move(plan))) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    SEEKFS_TRY(plan_->check(FileOp::open, path));
    SEEKFS_ASSIGN(std::unique_ptr<File> file, base_.open(path, mode));
    return std::make_unique<FaultyFile>(std::move(file), plan_, path);
  }
  Result<std::unique_ptr<Directory>> open_directory(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::open, path));
    SEEKFS_ASSIGN(std::unique_ptr<Directory> directory, base_.open_directory(path));
    return std::make_unique<FaultyDirectory>(std::move(directory), plan_, path);
  }
  Result<FileInfo> stat(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::stat, path));
    return base_.stat(path);
  }
  Result<FileInfo> lstat(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::stat, path));
    return base_.lstat(path);
  }
  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::list, path));
    return base_.list(path);
  }
  Status make_directories(const std::string& path, std::uint32_t permissions) override {
    SEEKFS_TRY(plan_->check(FileOp::make_directory, path));
    return base_.make_directories(path, permissions);
  }
  Status rename(const std::string& from, const std::string& to) override {
    SEEKFS_TRY(plan_->check(FileOp::rename, to));
    return base_.rename(from, to);
  }
  Status remove_file(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::remove, path));
    return base_.remove_file(path);
  }
  Status remove_directory(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::remove, path));
    return base_.remove_directory(path);
  }
  Result<std::string> canonical(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::stat, path));
    return base_.canonical(path);
  }
  Status sync_file_system(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::sync, path));
    return base_.sync_file_system(path);
  }
  Status sync_directory(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::sync, path));
    return base_.sync_directory(path);
  }
  Result<Space> space(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::space, path));
    return base_.space(path);
  }
  Result<std::string> type_name(const std::string& path) override {
    SEEKFS_TRY(plan_->check(FileOp::space, path));
    return base_.type_name(path);
  }

 private:
  FileSystem& base_;
  SharedPlan plan_;
};

}  // namespace

std::unique_ptr<FileSystem> make_faulty_file_system(FileSystem& base, FaultPlan plan) {
  return std::make_unique<FaultyFileSystem>(base, std::move(plan));
}

}  // namespace seekfs::env
