// Whole files: read with a limit, replaced atomically.
#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"
#include "env/file.h"
#include "env/process.h"
#include "env/random.h"

namespace seekfs::env {
namespace {

constexpr std::uint64_t read_step = 64 * KiB;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status write_new_file(FileSystem& files, const std::string& path, std::string_view content, bool durable,
                      std::uint32_t permissions) {
  OpenMode mode{.read = false, .write = true, .create = true, .exclusive = true};
  mode.permissions = permissions;
  SEEKFS_ASSIGN(const std::unique_ptr<File> file, files.open(path, mode));
  SEEKFS_TRY(file->write_at(0, std::as_bytes(std::span(content))));
  return durable ? file->sync_data() : Status{};
}

}  // namespace

Result<std::string> read_file(FileSystem& files, const std::string& path, std::uint64_t limit) {
  SEEKFS_ASSIGN(const std::unique_ptr<File> file, files.open(path, {}));
  SEEKFS_ASSIGN(const FileInfo info, file->info());
  // The size is only a hint: files of /proc and /sys say 0 or a page whatever they hold.
  std::string content;
  std::uint64_t step = std::clamp<std::uint64_t>(info.size + 1, 4 * KiB, read_step);
  if (info.size <= limit) content.reserve(info.size + 1);
  for (;;) {
    const std::size_t have = content.size();
    content.resize(have + std::min(step, limit + 1 - have));
    SEEKFS_ASSIGN(const std::size_t count,
                  file->read_at(have, std::as_writable_bytes(std::span(content).subspan(have))));
    const bool ended = have + count < content.size();
    content.resize(have + count);
    if (content.size() > limit) {
      return fail(ErrorCode::too_large, fmt::format("read {}: more than {} bytes", path, limit));
    }
    if (ended) return content;
    step = std::max<std::uint64_t>(step, content.size());  // doubling, for a few large reads
  }
}

Status write_file_atomically(FileSystem& files, const std::string& path, std::string_view content, bool durable,
                             std::uint32_t permissions) {
  const std::string temporary = fmt::format("{}.{}-{:016x}.tmp", path, process_id(), make_system_random()->next());
  Status written = write_new_file(files, temporary, content, durable, permissions);
  if (written) written = files.rename(temporary, path);
  if (!written) {
    // The first error is the one that matters; a leftover that can't be removed either changes nothing about it.
    [[maybe_unused]] const Status removed = files.remove_file(temporary);
    return written;
  }
  return durable ? files.sync_directory(directory_of(path)) : Status{};
}

}  // namespace seekfs::env
