// The file of a Unix socket: whom it lets in, and its end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "http/address.h"

namespace seekfs::http {

/// Who may connect: whoever may write the file.
struct SocketAccess {
  std::uint32_t mode = 0660;  ///< permission bits
  std::string group;          ///< name or number; empty: the process's own
};

/// Permission bits in octal, e.g. "0660"; nothing for other text.
std::optional<std::uint32_t> parse_socket_mode(std::string_view text);

/// Removes the file when it goes, unless another file has taken its place. Moves; owns.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(SocketFile&& other) noexcept { *this = std::move(other); }
  SocketFile& operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
  }
  ~SocketFile();

  /// Makes `socket` listen on `address`, whose file never lets in anybody whom `access` does not. The file of a process
  /// that has ended is replaced; of several that start at once, one gets the place, by flock(2) on the directory, which
  /// waits for the others. Errors name the path: invalid (no such group; a file that is no socket is there), conflict
  /// (a process serves there), else what the system says.
  static Result<SocketFile> listen(int socket, const Address& address, const SocketAccess& access);

 private:
  Status allow(const SocketAccess& access) const;

  std::string path_;  ///< empty: nothing to remove
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace seekfs::http
