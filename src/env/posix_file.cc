// An open file of this machine.
#include <fcntl.h>
#include <sys/file.h>

#include <limits>

#include "env/posix_call.h"
#include "env/posix_pieces.h"

namespace seekfs::env {
namespace {

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

FileType type_of(mode_t mode) {
  if (S_ISREG(mode)) return FileType::regular;
  if (S_ISDIR(mode)) return FileType::directory;
  if (S_ISLNK(mode)) return FileType::symlink;
  return FileType::other;
}

/// Offsets of system calls are signed.
bool offset_fits(std::uint64_t offset, std::uint64_t length) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  return offset <= largest && length <= largest - offset;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_scatter_at(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) override {
    PieceCursor<std::byte> cursor(pieces);
    SEEKFS_TRY(check_range("read", offset, cursor.left()));
    std::size_t done = 0;
    while (cursor.left() > 0) {
      const std::span<const iovec> next = cursor.next();
      const ssize_t count = retry_interrupted([&] {
        return ::preadv(descriptor_.get(), next.data(), static_cast<int>(next.size()),
                        static_cast<off_t>(offset + done));
      });
      if (count < 0) return fail_errno("read", path_);
      if (count == 0) break;
      cursor.advance(static_cast<std::uint64_t>(count));
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<std::size_t> try_read_scatter_at(std::uint64_t offset, std::span<const std::span<std::byte>> pieces) override {
    PieceCursor<std::byte> cursor(pieces);
    SEEKFS_TRY(check_range("read", offset, cursor.left()));
    const std::span<const iovec> next = cursor.next();
    const ssize_t count = retry_interrupted([&] {
      return ::preadv2(descriptor_.get(), next.data(), static_cast<int>(next.size()), static_cast<off_t>(offset),
                       RWF_NOWAIT);
    });
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN || errno == EOPNOTSUPP || errno == ENOSYS) {
      return fail(ErrorCode::transient, "read " + path_ + ": not in the page cache");
    }
    return fail_errno("read", path_);
  }

  Status write_gather_at(std::uint64_t offset, std::span<const std::span<const std::byte>> pieces) override {
    PieceCursor<const std::byte> cursor(pieces);
    SEEKFS_TRY(check_range("write", offset, cursor.left()));
    while (cursor.left() > 0) {
      const std::span<const iovec> next = cursor.next();
      const ssize_t count = retry_interrupted([&] {
        return ::pwritev(descriptor_.get(), next.data(), static_cast<int>(next.size()), static_cast<off_t>(offset));
      });
      if (count < 0) return fail_errno("write", path_);
      if (count == 0) return fail(ErrorCode::exhausted, "write " + path_ + ": the file system takes no more bytes");
      cursor.advance(static_cast<std::uint64_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
    return {};
  }

  Status truncate(std::uint64_t size) override {
    SEEKFS_TRY(check_range("truncate", size, 0));
    if (retry_interrupted([&] { return ::ftruncate(descriptor_.get(), static_cast<off_t>(size)); }) != 0) {
      return fail_errno("truncate", path_);
    }
    return {};
  }

  Status allocate(std::uint64_t offset, std::uint64_t length) override {
    SEEKFS_TRY(check_range("allocate", offset, length));
    int error_number = EINTR;
    while (error_number == EINTR) {
      error_number = ::posix_fallocate(descriptor_.get(), static_cast<off_t>(offset), static_cast<off_t>(length));
    }
    if (error_number != 0) return std::unexpected<Error>(error_from_errno(error_number, "allocate space for " + path_));
    return {};
  }

  Status sync_data() override {
    if (retry_interrupted([&] { return ::fdatasync(descriptor_.get()); }) != 0) return fail_errno("sync", path_);
    return {};
  }

  Result<FileInfo> info() override {
    struct ::stat facts{};
    if (::fstat(descriptor_.get(), &facts) != 0) return fail_errno("stat", path_);
    return to_file_info(facts);
  }

  Status set_modified(std::int64_t mtime_ns) override {
    // Seconds round down, so that times before 1970 have a valid nanosecond part as well.
    std::int64_t seconds = mtime_ns / 1'000'000'000;
    std::int64_t rest = mtime_ns % 1'000'000'000;
    if (rest < 0) {
      seconds -= 1;
      rest += 1'000'000'000;
    }
    const timespec times[2] = {{0, UTIME_OMIT}, {static_cast<time_t>(seconds), static_cast<long>(rest)}};
    if (::futimens(descriptor_.get(), times) != 0) return fail_errno("set the time of", path_);
    return {};
  }

  Result<bool> lock(bool wait) override {
    // flock(2) belongs to the open file, not to the process: it also excludes a second open in this process.
    const int operation = wait ? LOCK_EX : LOCK_EX | LOCK_NB;
    if (retry_interrupted([&] { return ::flock(descriptor_.get(), operation); }) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    return fail_errno("lock", path_);
  }

 private:
  Status check_range(std::string_view action, std::uint64_t offset, std::uint64_t length) const {
    if (offset_fits(offset, length)) return {};
    return fail(ErrorCode::invalid, std::string(action) + " " + path_ + ": the offset is beyond what a file can have");
  }

  Descriptor descriptor_;
  std::string path_;
};

}  // namespace

int open_flags(const OpenMode& mode) noexcept {
  int flags = O_CLOEXEC | O_NOCTTY;
  if (mode.read && mode.write) {
    flags |= O_RDWR;
  } else if (mode.write) {
    flags |= O_WRONLY;
  } else {
    flags |= O_RDONLY | O_NONBLOCK;
  }
  if (mode.create) flags |= O_CREAT;
  if (mode.create && mode.exclusive) flags |= O_EXCL;
  if (mode.truncate) flags |= O_TRUNC;
  if (mode.no_follow) flags |= O_NOFOLLOW;
  return flags;
}

FileInfo to_file_info(const struct ::stat& facts) noexcept {
  FileInfo info;
  info.type = type_of(facts.st_mode);
  info.size = static_cast<std::uint64_t>(facts.st_size);
  info.allocated = static_cast<std::uint64_t>(facts.st_blocks) * 512;
  info.mtime_ns = nanoseconds(facts.st_mtim);
  info.ctime_ns = nanoseconds(facts.st_ctim);
  info.inode = facts.st_ino;
  info.device = facts.st_dev;
  info.mode = facts.st_mode;
  info.owner = facts.st_uid;
  info.links = facts.st_nlink;
  return info;
}

std::unique_ptr<File> make_posix_file(Descriptor descriptor, std::string path) {
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(path));
}

}  // namespace seekfs::env
