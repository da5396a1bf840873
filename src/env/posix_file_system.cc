// Files and directories of this machine, by path.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <cstdlib>
#include <memory>

#include "env/posix_call.h"

namespace seekfs::env {
namespace {

FileType type_of_entry(int directory, const dirent& entry) {
  switch (entry.d_type) {
    case DT_REG: return FileType::regular;
    case DT_DIR: return FileType::directory;
    case DT_LNK: return FileType::symlink;
    case DT_UNKNOWN: break;
    default: return FileType::other;
  }
  // Some file systems do not say the type in the entry.
  struct ::stat facts{};
  if (::fstatat(directory, entry.d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return FileType::other;
  return to_file_info(facts).type;
}

Result<Descriptor> open_path(const std::string& path, int flags) {
  Descriptor descriptor(retry_interrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC); }));
  if (!descriptor.valid()) return fail_errno("open", path);
  return descriptor;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    Descriptor descriptor(retry_interrupted(
        [&] { return ::open(path.c_str(), open_flags(mode), static_cast<mode_t>(mode.permissions)); }));
    if (!descriptor.valid()) return fail_errno("open", path);
    return make_posix_file(std::move(descriptor), path);
  }

  Result<std::unique_ptr<Directory>> open_directory(const std::string& path) override {
    SEEKFS_ASSIGN(Descriptor descriptor, open_path(path, O_PATH | O_DIRECTORY));
    return make_posix_directory(std::move(descriptor), path);
  }

  Result<FileInfo> stat(const std::string& path) override {
    struct ::stat facts{};
    if (::stat(path.c_str(), &facts) != 0) return fail_errno("stat", path);
    return to_file_info(facts);
  }

  Result<FileInfo> lstat(const std::string& path) override {
    struct ::stat facts{};
    if (::lstat(path.c_str(), &facts) != 0) return fail_errno("stat", path);
    return to_file_info(facts);
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& path) override {
    SEEKFS_ASSIGN(Descriptor descriptor, open_path(path, O_RDONLY | O_DIRECTORY));
    return list_descriptor(std::move(descriptor), path);
  }

  Status make_directories(const std::string& path, std::uint32_t permissions) override {
    if (::mkdir(path.c_str(), static_cast<mode_t>(permissions)) == 0) return {};
    if (errno == ENOENT) {
      const std::size_t end = path.find_last_not_of('/');
      const std::size_t slash = end == std::string::npos ? end : path.rfind('/', end);
      if (slash == std::string::npos || slash == 0) {
        errno = ENOENT;
        return fail_errno("create directory", path);
      }
      SEEKFS_TRY(make_directories(path.substr(0, slash), permissions));
      if (::mkdir(path.c_str(), static_cast<mode_t>(permissions)) == 0) return {};
    }
    if (errno != EEXIST) return fail_errno("create directory", path);
    SEEKFS_ASSIGN(const FileInfo existing, stat(path));
    if (existing.type == FileType::directory) return {};
    errno = ENOTDIR;
    return fail_errno("create directory", path);
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename " + from + " to", to);
    return {};
  }

  Status remove_file(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return fail_errno("remove", path);
    return {};
  }

  Status remove_directory(const std::string& path) override {
    if (::rmdir(path.c_str()) == 0) return {};
    if (errno == ENOTEMPTY) errno = EEXIST;  // POSIX allows either
    return fail_errno("remove directory", path);
  }

  Result<std::string> canonical(const std::string& path) override {
    const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
    if (resolved == nullptr) return fail_errno("resolve", path);
    return std::string(resolved.get());
  }

  Status sync_file_system(const std::string& path) override {
    SEEKFS_ASSIGN(const Descriptor descriptor, open_path(path, O_RDONLY | O_NONBLOCK));
    if (::syncfs(descriptor.get()) != 0) return fail_errno("sync the file system of", path);
    return {};
  }

  Status sync_directory(const std::string& path) override {
    SEEKFS_ASSIGN(const Descriptor descriptor, open_path(path, O_RDONLY | O_DIRECTORY));
    if (retry_interrupted([&] { return ::fsync(descriptor.get()); }) != 0) return fail_errno("sync directory", path);
    return {};
  }

  Result<Space> space(const std::string& path) override {
    struct ::statvfs facts{};
    if (retry_interrupted([&] { return ::statvfs(path.c_str(), &facts); }) != 0) return fail_errno("statvfs", path);
    return Space{facts.f_blocks * facts.f_frsize, facts.f_bavail * facts.f_frsize};
  }

  Result<std::string> type_name(const std::string& path) override {
    struct ::statfs facts{};
    if (retry_interrupted([&] { return ::statfs(path.c_str(), &facts); }) != 0) return fail_errno("statfs", path);
    return file_system_type(static_cast<std::uint32_t>(facts.f_type));
  }
};

}  // namespace

Result<std::vector<DirectoryEntry>> list_descriptor(Descriptor descriptor, const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(descriptor.get()), &::closedir);
  if (stream == nullptr) return fail_errno("list", path);
  descriptor.release();  // the stream owns it now
  std::vector<DirectoryEntry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) return fail_errno("list", path);
      return entries;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      entries.emplace_back(std::string(name), type_of_entry(::dirfd(stream.get()), *entry));
  }
}

FileSystem& posix_file_system() {
  static PosixFileSystem files;
  return files;
}

}  // namespace seekfs::env
