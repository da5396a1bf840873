// A directory of this machine that no name below it can leave: openat2(2) with RESOLVE_BENEATH.
#include <linux/openat2.h>
#include <sys/syscall.h>

#include <cstdio>

#include "env/posix_call.h"

namespace seekfs::env {
namespace {

/// How often a lookup is repeated that the kernel gave up because of a concurrent rename (EAGAIN).
constexpr int max_lookup_attempts = 1000;

/// A name split at its last slash.
struct SplitName {
  std::string parent;  ///< empty: the directory itself
  std::string leaf;
};

SplitName split(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string::npos) return {"", name};
  return {name.substr(0, slash), name.substr(slash + 1)};
}

/// The last component is given to calls that would follow ".." or take an empty name for something else.
bool leaf_is_safe(std::string_view leaf) { return !leaf.empty() && leaf != "." && leaf != ".."; }

class PosixDirectory final : public Directory {
 public:
  PosixDirectory(Descriptor descriptor, std::string path) : root_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::unique_ptr<File>> open(const std::string& name, OpenMode mode) override {
    SEEKFS_ASSIGN(Descriptor descriptor, open_beneath("open", name, open_flags(mode), mode.permissions));
    return make_posix_file(std::move(descriptor), full(name));
  }

  Result<FileInfo> stat(const std::string& name) override {
    SEEKFS_ASSIGN(const Descriptor descriptor, open_beneath("stat", name, O_PATH | O_CLOEXEC));
    return info_of(descriptor, name);
  }

  Result<FileInfo> lstat(const std::string& name) override {
    SEEKFS_ASSIGN(const Descriptor descriptor, open_beneath("stat", name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    return info_of(descriptor, name);
  }

  Result<std::vector<DirectoryEntry>> list(const std::string& name) override {
    SEEKFS_ASSIGN(Descriptor descriptor,
                  open_beneath("list", name.empty() ? "." : name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return list_descriptor(std::move(descriptor), full(name));
  }

  Status make_directories(const std::string& name, std::uint32_t permissions) override {
    const Result<Descriptor> existing = open_beneath("create directory", name, directory_flags);
    if (existing || existing.error().code != ErrorCode::not_found) {
      return existing ? Status{} : std::unexpected<Error>(existing.error());
    }
    const auto [parent, leaf] = split(name);
    if (!parent.empty()) SEEKFS_TRY(make_directories(parent, permissions));
    SEEKFS_ASSIGN(const Descriptor parent_descriptor, open_parent("create directory", name));
    if (::mkdirat(parent_descriptor.get(), leaf.c_str(), static_cast<mode_t>(permissions)) == 0) return {};
    if (errno != EEXIST) return fail_errno("create directory", full(name));
    // Somebody else made it first; or it is a link that leads nowhere, which this lookup says.
    SEEKFS_ASSIGN(const Descriptor made, open_beneath("create directory", name, directory_flags));
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    SEEKFS_ASSIGN(const Descriptor source, open_parent("rename", from));
    SEEKFS_ASSIGN(const Descriptor target, open_parent("rename to", to));
    if (::renameat(source.get(), split(from).leaf.c_str(), target.get(), split(to).leaf.c_str()) == 0) return {};
    if (errno == EXDEV) {
      return fail(ErrorCode::invalid,
                  "rename " + full(from) + " to " + full(to) + ": they lie on different file systems");
    }
    return fail_errno("rename " + full(from) + " to", full(to));
  }

  Status remove_file(const std::string& name) override { return unlink("remove", name, 0); }
  Status remove_directory(const std::string& name) override { return unlink("remove directory", name, AT_REMOVEDIR); }

 private:
  static constexpr int directory_flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

  std::string full(const std::string& name) const { return name.empty() ? path_ : path_ + "/" + name; }

  Result<Descriptor> open_beneath(std::string_view action, const std::string& name, int flags,
                                  std::uint32_t permissions = 0) const {
    if (name.find('\0') != std::string::npos) {
      return fail(ErrorCode::invalid, std::string(action) + " below " + path_ + ": a file name can't hold a NUL");
    }
    open_how how{};
    how.flags = static_cast<decltype(how.flags)>(flags);
    how.mode = (flags & O_CREAT) != 0 ? permissions & 07777 : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    for (int attempt = 0; attempt < max_lookup_attempts; ++attempt) {
      const auto opened = ::syscall(SYS_openat2, root_.get(), name.c_str(), &how, sizeof how);
      if (opened >= 0) return Descriptor(static_cast<int>(opened));
      if (errno != EINTR && errno != EAGAIN) break;
    }
    if (errno == EXDEV) {
      return fail(ErrorCode::denied, std::string(action) + " " + full(name) + ": the name leads out of " + path_);
    }
    if (errno == ENOSYS) {
      return fail(ErrorCode::denied,
                  std::string(action) + " " + full(name) + ": the kernel has no openat2; Linux 5.6 or newer is needed");
    }
    return fail_errno(action, full(name));
  }

  /// The directory that holds the last component of `name`, and a last component that is safe to use in it.
  Result<Descriptor> open_parent(std::string_view action, const std::string& name) const {
    const auto [parent, leaf] = split(name);
    if (!leaf_is_safe(leaf) || leaf.find('\0') != std::string::npos) {
      return fail(ErrorCode::invalid, std::string(action) + " " + full(name) + ": not the name of a directory entry");
    }
    return open_beneath(action, parent.empty() ? "." : parent, directory_flags);
  }

  Result<FileInfo> info_of(const Descriptor& descriptor, const std::string& name) const {
    struct ::stat facts{};
    if (::fstat(descriptor.get(), &facts) != 0) return fail_errno("stat", full(name));
    return to_file_info(facts);
  }

  Status unlink(std::string_view action, const std::string& name, int flags) const {
    SEEKFS_ASSIGN(const Descriptor parent, open_parent(action, name));
    if (::unlinkat(parent.get(), split(name).leaf.c_str(), flags) == 0) return {};
    if (errno == ENOTEMPTY) errno = EEXIST;  // POSIX allows either
    return fail_errno(action, full(name));
  }

  Descriptor root_;
  std::string path_;
};

}  // namespace

std::unique_ptr<Directory> make_posix_directory(Descriptor descriptor, std::string path) {
  return std::make_unique<PosixDirectory>(std::move(descriptor), std::move(path));
}

}  // namespace seekfs::env
