// The folders of the older layout: two levels of two hex digits, then the rest of the name.
#include "segmentstore/legacy_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/crc32c.h"
#include "base/hex.h"
#include "segmentstore/little_endian.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::string_view extension = ".slab";
constexpr std::size_t rest_digits = 60;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_folder(const env::DirectoryEntry& entry) {
  return entry.type == env::FileType::directory && entry.name.size() == 2 && is_hex(entry.name);
}

/// The digits of a page's file behind its folders'; nothing when the entry is no page's file.
std::optional<std::string_view> rest_of(const env::DirectoryEntry& entry) {
  std::string_view name = entry.name;
  if (entry.type != env::FileType::regular || !name.ends_with(extension)) return std::nullopt;
  name.remove_suffix(extension.size());
  if (name.size() != rest_digits || !is_hex(name)) return std::nullopt;
  return name;
}

/// The first 8 bytes of a name, from its first 16 digits.
std::uint64_t short_name(std::string_view digits) {
  std::array<std::byte, 8> bytes{};
  from_hex(digits.substr(0, 16), bytes);
  std::uint64_t word = 0;
  for (const std::byte one : bytes) word = word << 8U | std::to_integer<std::uint64_t>(one);
  return word;
}

std::uint64_t short_name(const LegacyName& name) { return short_name(name.hex()); }

}  // namespace

LegacyName legacy_name(const manifest::PageKey& key, const l2::PageFacts& facts) {
  Sha256 hasher;
  for (const std::string_view part :
       {facts.ns, std::string_view("|"), facts.path, std::string_view("|sha256:"), facts.hash, std::string_view("|")}) {
    hasher.update(part);
  }
  std::array<std::byte, 4> page_id{};
  store_u32(page_id.data(), key.page_id);
  hasher.update(page_id);
  return hasher.finish();
}

LegacyPages::LegacyPages(env::FileSystem& files, std::string directory, Logger& log)
    : files_(files), directory_(std::move(directory)), log_(log) {}

Status LegacyPages::scan() {
  std::vector<std::uint64_t> found;
  SEEKFS_ASSIGN(const auto entries, files_.list(directory_));
  for (const env::DirectoryEntry& outer : entries) {
    if (!is_folder(outer)) continue;
    const std::string folder = directory_ + "/" + outer.name;
    SEEKFS_ASSIGN(const auto inner_entries, files_.list(folder));
    for (const env::DirectoryEntry& inner : inner_entries) {
      if (is_folder(inner)) SEEKFS_TRY(scan_folder(folder + "/" + inner.name, outer.name + inner.name, found));
    }
  }
  std::ranges::sort(found);
  if (!found.empty()) {
    log_.info("pages of the older layout are moved in as they are read",
              {{"directory", directory_}, {"pages", found.size()}});
  }
  MutexLock lock(mutex_);
  gone_.assign(found.size(), false);
  names_ = std::move(found);
  left_.store(names_.size(), std::memory_order_release);
  return {};
}

Status LegacyPages::scan_folder(const std::string& folder, const std::string& hex, std::vector<std::uint64_t>& found) {
  SEEKFS_ASSIGN(const auto entries, files_.list(folder));
  for (const env::DirectoryEntry& entry : entries) {
    if (const auto rest = rest_of(entry)) found.push_back(short_name(hex + std::string(rest->substr(0, 12))));
  }
  return {};
}

std::optional<LegacyName> LegacyPages::find(const manifest::PageKey& key, const l2::PageFacts& facts) const {
  if (size() == 0) return std::nullopt;
  const LegacyName name = legacy_name(key, facts);
  const std::uint64_t wanted = short_name(name);
  MutexLock lock(mutex_);
  auto at = std::ranges::lower_bound(names_, wanted);
  for (; at != names_.end() && *at == wanted; ++at) {
    if (!gone_[static_cast<std::size_t>(at - names_.begin())]) return name;
  }
  return std::nullopt;
}

std::string LegacyPages::file_of(const LegacyName& name) const {
  const std::string hex = name.hex();
  return fmt::format("{}/{}/{}/{}{}", directory_, hex.substr(0, 2), hex.substr(2, 2), hex.substr(4), extension);
}

Result<bool> LegacyPages::read(const LegacyName& name, std::uint32_t crc, std::span<std::byte> out) {
  const std::string path = file_of(name);
  const auto file = files_.open(path, {.no_follow = true});
  if (!file && file.error().code == ErrorCode::not_found) {
    forget(name);
    return false;
  }
  if (!file) return std::unexpected(file.error());
  SEEKFS_ASSIGN(const env::FileInfo info, (*file)->info());
  std::size_t read = 0;
  if (info.size == out.size()) {
    SEEKFS_ASSIGN(read, (*file)->read_at(0, out));
  }
  if (info.size == out.size() && read == out.size() && crc32c(out) == crc) return true;
  log_.warning("a page of the older layout is damaged and was removed; it is fetched again", {{"file", path}});
  discard(name);
  return false;
}

void LegacyPages::remove(const LegacyName& name) { discard(name); }

void LegacyPages::forget(const LegacyName& name) {
  const std::uint64_t wanted = short_name(name);
  MutexLock lock(mutex_);
  auto at = std::ranges::lower_bound(names_, wanted);
  for (; at != names_.end() && *at == wanted; ++at) {
    const auto index = static_cast<std::size_t>(at - names_.begin());
    if (gone_[index]) continue;
    gone_[index] = true;
    if (left_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    names_ = {};
    gone_ = {};
    return;
  }
}

void LegacyPages::discard(const LegacyName& name) {
  forget(name);
  const std::string path = file_of(name);
  const Status removed = files_.remove_file(path);
  if (!removed && removed.error().code != ErrorCode::not_found) {
    log_.warning("a page of the older layout can't be removed; its space is not given back",
                 {{"file", path}, {"reason", removed.error().message}});
    return;
  }
  // Folders that still hold something refuse, and that is how they are found to be in use.
  const std::string inner = path.substr(0, path.rfind('/'));
  if (files_.remove_directory(inner)) std::ignore = files_.remove_directory(inner.substr(0, inner.rfind('/')));
}

std::uint64_t LegacyPages::remove_some(std::uint64_t bytes) {
  std::vector<std::uint64_t> left;
  {
    MutexLock lock(mutex_);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!gone_[i]) left.push_back(names_[i]);
    }
  }
  std::uint64_t freed = 0;
  for (const std::uint64_t one : left) {
    if (freed >= bytes) break;
    const std::string hex = fmt::format("{:016x}", one);
    const std::string folder = fmt::format("{}/{}/{}", directory_, hex.substr(0, 2), hex.substr(2, 2));
    const auto entries = files_.list(folder);
    if (!entries) continue;
    for (const env::DirectoryEntry& entry : *entries) {
      const auto rest = rest_of(entry);
      if (!rest || !rest->starts_with(std::string_view(hex).substr(4))) continue;
      LegacyName name;
      from_hex(hex.substr(0, 4) + std::string(*rest), name.bytes);
      if (const auto info = files_.lstat(file_of(name))) freed += info->allocated;
      discard(name);
    }
  }
  return freed;
}

}  // namespace seekfs::segmentstore
