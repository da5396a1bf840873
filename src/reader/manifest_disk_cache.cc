// Small files, each with the hash of its content.
#include "reader/manifest_disk_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/sha256.h"
#include "manifest/layout.h"

namespace seekfs::reader {
namespace {

constexpr std::size_t hash_line = 65;  // 64 hex digits and a newline
constexpr std::size_t copies_kept = 4;
constexpr std::uint64_t head_limit = 256;

std::string format_kept_head(const KeptHead& head) {
  const auto at = std::chrono::floor<std::chrono::milliseconds>(head.read_at).time_since_epoch().count();
  const std::string lines = fmt::format("{}{}\n", manifest::format_head(head.version), at);
  return lines + sha256(lines).hex() + "\n";
}

/// Nothing when it is damaged. A HEAD without a time is not believed either: it may be of any age.
std::optional<KeptHead> parse_kept_head(std::string_view text) {
  if (text.size() <= hash_line) return std::nullopt;
  const std::string_view lines = text.substr(0, text.size() - hash_line);
  if (text.substr(lines.size()) != sha256(lines).hex() + "\n") return std::nullopt;
  const std::size_t first_end = lines.find('\n') + 1;
  const auto version = manifest::parse_head(lines.substr(0, first_end));
  std::int64_t at = 0;
  if (!version || std::from_chars(lines.data() + first_end, lines.data() + lines.size(), at).ec != std::errc()) {
    return std::nullopt;
  }
  return KeptHead{.version = *version, .read_at = std::chrono::system_clock::time_point(std::chrono::milliseconds(at))};
}

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

std::optional<KeptHead> ManifestDiskCache::head(const std::string& ns) {
  if (root_.empty()) return std::nullopt;
  const auto body = env::read_file(files_, directory_of(ns) + "/HEAD", head_limit);
  return body ? parse_kept_head(*body) : std::nullopt;
}

std::optional<std::chrono::system_clock::time_point> ManifestDiskCache::last_read() {
  if (root_.empty()) return std::nullopt;
  const auto namespaces = files_.list(root_);
  if (!namespaces) return std::nullopt;
  std::optional<std::chrono::system_clock::time_point> last;
  for (const env::DirectoryEntry& entry : *namespaces) {
    const auto kept = head(entry.name);
    if (kept && (!last || kept->read_at > *last)) last = kept->read_at;
  }
  return last;
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

void ManifestDiskCache::keep_head(const std::string& ns, const KeptHead& head) {
  if (root_.empty()) return;
  Status status = files_.make_directories(directory_of(ns), 0700);
  if (status) {
    status = env::write_file_atomically(files_, directory_of(ns) + "/HEAD", format_kept_head(head), false);
  }
  report(status);
  if (status) remove_old(ns, head.version);
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
