// Checks of keys and of the root of an fs store.
#include "objectstore/fs_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "objectstore/object_store.h"

namespace seekfs::objectstore {
namespace {

constexpr std::size_t max_segment_length = 255;  // NAME_MAX of every usual file system

}  // namespace

Status check_fs_segment(std::string_view name) {
  if (name.empty()) return fail(ErrorCode::invalid, "an empty segment");
  if (name == "." || name == "..") return fail(ErrorCode::invalid, fmt::format("a segment \"{}\"", name));
  if (name.find('\0') != std::string_view::npos) return fail(ErrorCode::invalid, "a NUL character");
  if (name.find('/') != std::string_view::npos) return fail(ErrorCode::invalid, "a slash in a segment");
  if (name.size() > max_segment_length) {
    return fail(ErrorCode::invalid, fmt::format("a segment of {} bytes; {} at most", name.size(), max_segment_length));
  }
  return {};
}

Status check_fs_key(std::string_view key) {
  const auto refuse = [key](std::string_view reason) {
    return fail(ErrorCode::invalid,
                fmt::format("the key \"{}\" can't be a file of an fs store: {}", key.substr(0, 200), reason));
  };
  if (key.empty()) return refuse("it is empty");
  if (key.size() > max_key_length) return refuse(fmt::format("{} bytes; {} at most", key.size(), max_key_length));
  std::size_t begin = 0;
  while (begin <= key.size()) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view segment = key.substr(begin, end - begin);
    if (const Status good = check_fs_segment(segment); !good) return refuse(good.error().message);
    if (begin == 0 && segment == fs_private_folder) return refuse("the folder .seekfs is the store's own");
    begin = end + 1;
  }
  return {};
}

Result<std::unique_ptr<env::Directory>> open_fs_root(env::FileSystem& files, const std::string& root) {
  auto directory = files.open_directory(root);
  if (directory) return directory;
  const Error& error = directory.error();
  if (error.code != ErrorCode::not_found && error.code != ErrorCode::invalid) return directory;
  return fail(ErrorCode::transient,
              fmt::format("the store's directory {} is not there ({}); mount it, or correct [store] path", root,
                          error.message));
}

Status check_fs_root_present(env::Directory& directory, const std::string& root) {
  const Result<env::FileInfo> own = directory.stat(std::string(fs_private_folder));
  if (own) return {};
  if (own.error().code != ErrorCode::not_found) return std::unexpected<Error>(own.error());
  SEEKFS_ASSIGN(const std::vector<env::DirectoryEntry> entries, directory.list(""));
  if (!entries.empty()) return {};
  return fail(ErrorCode::transient,
              fmt::format("the store's directory {} is empty, without a .seekfs folder: its disk is not mounted, or it "
                          "is not a store yet (mkdir {}/.seekfs makes it one)",
                          root, root));
}

}  // namespace seekfs::objectstore
