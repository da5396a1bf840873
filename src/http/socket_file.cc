// bind(2) and listen(2) on a path, and what must be right around it.
#include "http/socket_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <limits>

#include "base/number.h"

namespace seekfs::http {
namespace {

const sockaddr* as_sockaddr(const Address& address) { return reinterpret_cast<const sockaddr*>(&address.storage); }

std::unexpected<Error> failed(std::string_view step, const Address& address) {
  return std::unexpected(error_from_errno(errno, fmt::format("{} {}", step, address.to_string())));
}

Result<gid_t> group_id(const std::string& group) {
  if (const auto number = parse_number(group)) {
    // The largest means "leave it" to chown(2).
    if (*number < std::numeric_limits<gid_t>::max()) return static_cast<gid_t>(*number);
    return fail(ErrorCode::invalid, fmt::format("api.socket_group: {} is not the number of a group", group));
  }
  std::array<char, 65536> buffer{};  // a group may have many members
  struct group entry{};
  struct group* found = nullptr;
  if (::getgrnam_r(group.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return fail(ErrorCode::invalid, fmt::format("api.socket_group: this machine has no group '{}'", group));
  }
  return entry.gr_gid;
}

/// Whether somebody accepts connections there. `denied` and others when that can't be told.
Result<bool> is_served(const Address& address) {
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return failed("make a socket for", address);
  const int error = ::connect(probe, as_sockaddr(address), address.length) == 0 ? 0 : errno;
  ::close(probe);
  switch (error) {
    case ECONNREFUSED:
    case ENOENT: return false;
    case 0:
    case EAGAIN:                   // more wait to be accepted than it lets wait
    case EPROTOTYPE: return true;  // it takes datagrams
    case EACCES:
      return fail(ErrorCode::denied,
                  fmt::format("{}: a socket is there that this user may not connect to, so whether a process serves "
                              "there can't be told; remove it or choose another path",
                              address.to_string()));
    default: errno = error; return failed("connect to", address);
  }
}

/// Removes what a process that has ended left behind.
Status make_room(const Address& address) {
  struct stat status{};
  if (::lstat(address.path().c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return failed("look at", address);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return fail(
        ErrorCode::invalid,
        fmt::format("{}: a file that is no socket is there; remove it or choose another path", address.to_string()));
  }
  SEEKFS_ASSIGN(const bool served, is_served(address));
  if (served) {
    return fail(ErrorCode::conflict,
                fmt::format("{}: another process serves there; stop it or choose another path", address.to_string()));
  }
  if (::unlink(address.path().c_str()) != 0 && errno != ENOENT) return failed("remove the old", address);
  return {};
}

/// Held by whoever looks at what is there and takes its place, until the new socket answers; released by close(2).
class DirectoryLock {
 public:
  DirectoryLock() = default;
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  ~DirectoryLock() {
    if (directory_ >= 0) ::close(directory_);
  }
  Status take(const Address& address) {
    const std::size_t slash = address.path().rfind('/');
    const std::string name = slash == 0 ? "/" : address.path().substr(0, slash);
    directory_ = ::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory_ < 0) return failed("open the directory of", address);
    while (::flock(directory_, LOCK_EX) != 0) {
      if (errno != EINTR) return failed("lock the directory of", address);
    }
    return {};
  }

 private:
  int directory_ = -1;
};

}  // namespace

std::optional<std::uint32_t> parse_socket_mode(std::string_view text) {
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || mode > 0777) return std::nullopt;
  return mode;
}

SocketFile::~SocketFile() {
  struct stat status{};
  if (path_.empty() || ::lstat(path_.c_str(), &status) != 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

Status SocketFile::allow(const SocketAccess& access) const {
  if (!access.group.empty()) {
    SEEKFS_ASSIGN(const gid_t group, group_id(access.group));
    if (::chown(path_.c_str(), static_cast<uid_t>(-1), group) != 0) {
      return std::unexpected(error_from_errno(errno, fmt::format("give {} to group {}", path_, access.group)));
    }
  }
  if (::chmod(path_.c_str(), access.mode) != 0) {
    return std::unexpected(error_from_errno(errno, fmt::format("set the mode of {}", path_)));
  }
  return {};
}

Result<SocketFile> SocketFile::listen(int socket, const Address& address, const SocketAccess& access) {
  DirectoryLock lock;
  SEEKFS_TRY(lock.take(address));
  SEEKFS_TRY(make_room(address));
  // The file gets the socket's mode: nobody is let in before its group is right.
  if (::fchmod(socket, 0) != 0) return failed("set the mode of", address);
  if (::bind(socket, as_sockaddr(address), address.length) != 0) return failed("bind", address);
  SocketFile file;
  file.path_ = address.path();
  struct stat status{};
  if (::lstat(file.path_.c_str(), &status) != 0) return failed("look at", address);
  file.device_ = status.st_dev;
  file.inode_ = status.st_ino;
  SEEKFS_TRY(file.allow(access));
  if (::listen(socket, SOMAXCONN) != 0) return failed("listen on", address);
  return file;
}

}  // namespace seekfs::http
