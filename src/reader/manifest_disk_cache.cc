// Small files, each with the hash of its content.
#include "reader/manifest_disk_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/sha256.h"
#include "manifest/layout.h"

namespace seekfs::reader {
namespace {

constexpr std::size_t hash_line = 65;  // 64 hex digits and a newline
constexpr std::size_t copies_kept = 4;
constexpr std::uint64_t head_limit = 64;

std::string copy_name(std::uint64_t version) { return fmt::format("v-{}.manifest", version); }

std::optional<std::uint64_t> version_of_copy(std::string_view name) {
  constexpr std::string_view suffix = ".manifest";
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  const auto version = manifest::parse_head(name);
  return version ? std::optional(*version) : std::nullopt;
}

}  // namespace

ManifestDiskCache::ManifestDiskCache(env::FileSystem& files, std::string root, const std::string& store_description,
                                     Logger& log)
    : files_(files), log_(log) {
  if (!root.empty()) root_ = root + "/" + sha256(store_description).hex().substr(0, 16);
}

std::optional<std::uint64_t> ManifestDiskCache::head(const std::string& ns) {
  if (root_.empty()) return std::nullopt;
  const auto body = env::read_file(files_, directory_of(ns) + "/HEAD", head_limit);
  if (!body) return std::nullopt;
  const auto version = manifest::parse_head(*body);
  return version ? std::optional(*version) : std::nullopt;
}

std::optional<std::string> ManifestDiskCache::manifest(const std::string& ns, std::uint64_t version,
                                                       std::uint64_t limit) {
  if (root_.empty()) return std::nullopt;
  const std::string path = directory_of(ns) + "/" + copy_name(version);
  auto content = env::read_file(files_, path, limit + hash_line);
  if (!content) return std::nullopt;
  if (content->size() > hash_line && (*content)[hash_line - 1] == '\n' &&
      sha256(std::string_view(*content).substr(hash_line)).hex() ==
          std::string_view(*content).substr(0, hash_line - 1)) {
    content->erase(0, hash_line);
    return std::move(*content);
  }
  log_.warning("the local copy of a manifest is damaged and was dropped", {{"ns", ns}, {"version", version}});
  report(files_.remove_file(path));
  return std::nullopt;
}

void ManifestDiskCache::keep_manifest(const std::string& ns, std::uint64_t version, const std::string& object) {
  if (root_.empty()) return;
  Status status = files_.make_directories(directory_of(ns), 0700);
  if (status) {
    status = env::write_file_atomically(files_, directory_of(ns) + "/" + copy_name(version),
                                        sha256(object).hex() + "\n" + object, false);
  }
  report(status);
}

void ManifestDiskCache::keep_head(const std::string& ns, std::uint64_t version) {
  if (root_.empty()) return;
  Status status = files_.make_directories(directory_of(ns), 0700);
  if (status) {
    status = env::write_file_atomically(files_, directory_of(ns) + "/HEAD", manifest::format_head(version), false);
  }
  report(status);
  if (status) remove_old(ns, version);
}

void ManifestDiskCache::remove_old(const std::string& ns, std::uint64_t newest) {
  const auto entries = files_.list(directory_of(ns));
  if (!entries) return;
  std::vector<std::uint64_t> versions;
  for (const env::DirectoryEntry& entry : *entries) {
    const auto version = version_of_copy(entry.name);
    if (version && *version != newest) versions.push_back(*version);
  }
  if (versions.size() < copies_kept) return;
  std::ranges::sort(versions, std::greater<>());
  for (std::size_t i = copies_kept - 1; i < versions.size(); ++i) {
    report(files_.remove_file(directory_of(ns) + "/" + copy_name(versions[i])));
  }
}

void ManifestDiskCache::report(const Status& status) {
  if (status) {
    failing_ = false;
  } else if (!failing_.exchange(true)) {
    log_.warning("manifests cannot be kept on local disk: a restart will need the object store",
                 {{"directory", root_}, {"error", status.error().message}});
  }
}

}  // namespace seekfs::reader
