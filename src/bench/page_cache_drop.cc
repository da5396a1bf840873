// The advice, and a look at whether it was taken.
#include "bench/page_cache_drop.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace seekfs::bench {

Result<bool> drop_from_page_cache(const std::string& path, env::FileSystem& files) {
  // env's files know nothing of the page cache, which is no business of anybody who serves.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(error_from_errno(errno, "open " + path));
  const int error = ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  ::close(descriptor);
  if (error != 0) return std::unexpected(error_from_errno(error, "posix_fadvise " + path));
  SEEKFS_ASSIGN(const auto file, files.open(path, {}));
  std::array<std::byte, 1> first{};
  const auto got = file->try_read_at(0, first);
  return !got || *got == 0;
}

}  // namespace seekfs::bench
