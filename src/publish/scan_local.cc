// The walk over a local directory: what is published, what is skipped, what is refused.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "manifest/in_quotes.h"
#include "manifest/path.h"
#include "publish/refused_names.h"
#include "publish/source_scan.h"

namespace seekfs::publish {
namespace {

using manifest::in_quotes;

constexpr std::int64_t ns_per_second = 1'000'000'000;

std::int64_t floor_seconds(std::int64_t nanoseconds) {
  return nanoseconds / ns_per_second - (nanoseconds % ns_per_second < 0 ? 1 : 0);
}

SourceFile make_local(std::string path, std::string local_path, const env::FileInfo& info) {
  SourceFile file;
  file.path = std::move(path);
  file.size = info.size;
  // The format's times are unsigned; a file from before 1970 has none.
  if (info.mtime_ns >= 0) file.mtime = floor_seconds(info.mtime_ns);
  file.local_path = std::move(local_path);
  file.state = state_of(info);
  return file;
}

class Walker {
 public:
  Walker(env::FileSystem& files, std::string root, SymlinkPolicy symlinks, const PathFilter& filter)
      : files_(files), root_(std::move(root)), symlinks_(symlinks), filter_(filter) {}

  Result<SourceList> run() {
    SEEKFS_ASSIGN(const env::FileInfo info, files_.stat(root_));
    SEEKFS_TRY(walk(root_, "", info));
    SEEKFS_TRY(refused_.status(in_quotes(root_)));
    std::ranges::sort(list_.files, {}, &SourceFile::path);
    return std::move(list_);
  }

 private:
  struct Place {
    std::uint64_t device;
    std::uint64_t inode;
    bool operator==(const Place&) const = default;
  };

  /// `folder` has no links in it; `info` is its own.
  Status walk(const std::string& folder, const std::string& path, const env::FileInfo& info) {
    if (path.size() > manifest::max_path_length) {
      refused_.add(fmt::format("{} is longer than {} bytes", in_quotes(path), manifest::max_path_length));
      return {};
    }
    above_.push_back({info.device, info.inode});
    SEEKFS_ASSIGN(const std::vector<env::DirectoryEntry> entries, files_.list(folder));
    for (const env::DirectoryEntry& entry : entries) {
      const std::string child = path.empty() ? entry.name : path + "/" + entry.name;
      SEEKFS_TRY(visit((folder == "/" ? folder : folder + "/") + entry.name, child));
    }
    above_.pop_back();
    return {};
  }

  Status visit(const std::string& full, const std::string& path) {
    auto info = files_.lstat(full);
    if (!info && info.error().code == ErrorCode::not_found) {
      return fail(ErrorCode::source_changed, in_quotes(full) + " vanished while its folder was read; publish again");
    }
    if (!info) return std::unexpected<Error>(std::move(info).error());
    if (info->type == env::FileType::symlink) return visit_link(full, path);
    return visit_target(full, path, *info);
  }

  Status visit_link(const std::string& full, const std::string& path) {
    if (!filter_.chooses(path) && filter_.excludes_folder(path)) {
      ++list_.skipped.filtered;
      return {};
    }
    if (symlinks_ == SymlinkPolicy::skip) {
      ++list_.skipped.symlinks;
      return {};
    }
    if (symlinks_ == SymlinkPolicy::fail) {
      refused_.add(in_quotes(path) + " is a symbolic link");
      return {};
    }
    auto target = files_.canonical(full);
    if (!target) {
      refused_.add(
          fmt::format("{} is a symbolic link that leads nowhere ({})", in_quotes(path), target.error().message));
      return {};
    }
    if (!is_inside(*target)) {
      refused_.add(fmt::format("{} is a symbolic link that leads outside, to {}", in_quotes(path), in_quotes(*target)));
      return {};
    }
    SEEKFS_ASSIGN(const env::FileInfo info, files_.stat(*target));
    const Place place{info.device, info.inode};
    if (info.type == env::FileType::directory && std::ranges::find(above_, place) != above_.end()) {
      refused_.add(fmt::format("{} is a symbolic link to a folder that it lies in", in_quotes(path)));
      return {};
    }
    return visit_target(*target, path, info);
  }

  Status visit_target(const std::string& full, const std::string& path, const env::FileInfo& info) {
    if (info.type == env::FileType::directory) {
      if (!filter_.excludes_folder(path)) return walk(full, path, info);
      ++list_.skipped.filtered;
      return {};
    }
    if (!filter_.chooses(path)) {
      ++list_.skipped.filtered;
      return {};
    }
    if (info.type != env::FileType::regular) {
      ++list_.skipped.special;
      return {};
    }
    if (Status good = manifest::check_path(path); !good) {
      refused_.add(std::move(good).error().message);
      return {};
    }
    list_.bytes += info.size;
    list_.files.push_back(make_local(path, full, info));
    return {};
  }

  bool is_inside(const std::string& target) const {
    return target == root_ || root_ == "/" || target.starts_with(root_ + "/");
  }

  env::FileSystem& files_;
  const std::string root_;
  const SymlinkPolicy symlinks_;
  const PathFilter& filter_;
  std::vector<Place> above_;  ///< the folders from the root to the one being walked
  RefusedNames refused_;
  SourceList list_;
};

Result<SourceList> scan_one(const std::string& given, const std::string& canonical, const env::FileInfo& info,
                            const PathFilter& filter) {
  const std::size_t slash = given.rfind('/');
  std::string name = slash == std::string::npos ? given : given.substr(slash + 1);
  SEEKFS_TRY(manifest::check_path(name));
  SourceList list;
  if (!filter.chooses(name)) {
    list.skipped.filtered = 1;
    return list;
  }
  list.bytes = info.size;
  list.files.push_back(make_local(std::move(name), canonical, info));
  return list;
}

}  // namespace

Result<SourceList> scan_local(env::FileSystem& files, const LocalSource& source, const PathFilter& filter) {
  SEEKFS_ASSIGN(std::string root, files.canonical(source.path));
  SEEKFS_ASSIGN(const env::FileInfo info, files.stat(root));
  if (info.type == env::FileType::regular) return scan_one(source.path, root, info, filter);
  if (info.type != env::FileType::directory) {
    return fail(ErrorCode::bad_request, in_quotes(source.path) + " is neither a directory nor a regular file");
  }
  return Walker(files, std::move(root), source.symlinks, filter).run();
}

}  // namespace seekfs::publish
