// Small helpers around system calls, for the POSIX files of this room only.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "env/file.h"

namespace seekfs::env {

/// Repeats a call that a signal interrupted.
template <class Call>
auto retry_interrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

/// The error of the call that just failed: "action path: meaning of errno".
inline std::unexpected<Error> fail_errno(std::string_view action, const std::string& path,
                                         std::source_location at = std::source_location::current()) {
  const int error_number = errno;
  return std::unexpected<Error>(error_from_errno(error_number, std::string(action) + " " + path, at));
}

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) noexcept : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    // After EINTR Linux has closed the descriptor: a second close could hit somebody else's.
    if (value_ >= 0) ::close(value_);
  }
  int get() const noexcept { return value_; }
  int release() noexcept { return std::exchange(value_, -1); }
  bool valid() const noexcept { return value_ >= 0; }

 private:
  int value_;
};

/// The flags of open(2) for `mode`. Reading never waits for the writer of a FIFO.
int open_flags(const OpenMode& mode) noexcept;
/// The name of a file system by its magic number (statfs(2)).
std::string file_system_type(std::uint32_t magic);
FileInfo to_file_info(const struct ::stat& facts) noexcept;
std::unique_ptr<File> make_posix_file(Descriptor descriptor, std::string path);
std::unique_ptr<Directory> make_posix_directory(Descriptor descriptor, std::string path);
/// Reads all entries; takes the descriptor of an open directory.
Result<std::vector<DirectoryEntry>> list_descriptor(Descriptor descriptor, const std::string& path);

}  // namespace seekfs::env
