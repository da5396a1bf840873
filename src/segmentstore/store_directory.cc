// Opening a directory: LOCK, FORMAT, and what it holds.
#include "segmentstore/store_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "env/process.h"
#include "segmentstore/segment.h"

namespace seekfs::segmentstore {
namespace {

constexpr std::uint32_t private_directory = 0700;
constexpr std::uint32_t private_file = 0600;
constexpr std::uint64_t format_now = 1;
constexpr std::uint64_t most_format_bytes = 4096;

/// The file FORMAT: a line of the name, then "key value" lines.
struct Format {
  std::uint64_t format = 0;
  std::uint64_t oldest_reader = 0;  ///< the oldest format whose programs can read this store
  std::string uuid;                 ///< 32 lower-case hex digits
};

constexpr std::string_view format_name = "seekfs-segmentstore\n";

std::string to_text(const Format& format) {
  return fmt::format("{}format {}\noldest_reader {}\nuuid {}\n", format_name, format.format, format.oldest_reader,
                     format.uuid);
}

/// What stands behind "key " on a line of its own.
std::optional<std::string_view> value_of(std::string_view text, std::string_view key) {
  const std::string begin = fmt::format("\n{} ", key);
  const std::size_t at = text.find(begin);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + begin.size());
  return text.substr(0, text.find('\n'));
}

std::optional<std::uint64_t> number_of(std::optional<std::string_view> text, int base) {
  std::uint64_t number = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number, base);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

std::optional<Format> parse_format(std::string_view text) {
  const auto format = number_of(value_of(text, "format"), 10);
  const auto oldest = number_of(value_of(text, "oldest_reader"), 10);
  const auto uuid = value_of(text, "uuid");
  if (!text.starts_with(format_name) || !format || !oldest || !uuid || uuid->size() != 32) return std::nullopt;
  if (uuid->find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  return Format{*format, *oldest, std::string(*uuid)};
}

bool vanished(const Error& error) { return error.code == ErrorCode::not_found; }

}  // namespace

Result<std::uint64_t> tree_bytes(env::FileSystem& files, const std::string& path) {
  const auto info = files.lstat(path);
  if (!info) return vanished(info.error()) ? Result<std::uint64_t>(0) : std::unexpected(info.error());
  std::uint64_t bytes = info->allocated;
  if (info->type != env::FileType::directory) return bytes;
  const auto entries = files.list(path);
  // A directory of somebody else, such as lost+found, counts with its own blocks.
  if (!entries && entries.error().code == ErrorCode::denied) return bytes;
  if (!entries) return vanished(entries.error()) ? Result<std::uint64_t>(0) : std::unexpected(entries.error());
  for (const env::DirectoryEntry& entry : *entries) {
    SEEKFS_ASSIGN(const std::uint64_t below, tree_bytes(files, path + "/" + entry.name));
    bytes += below;
  }
  return bytes;
}

Result<std::unique_ptr<StoreDirectory>> StoreDirectory::open(env::FileSystem& files, env::Random& random, Logger& log,
                                                             std::string path) {
  auto directory = std::unique_ptr<StoreDirectory>(new StoreDirectory(files, std::move(path)));
  SEEKFS_TRY(files.make_directories(directory->path_, private_directory));
  SEEKFS_TRY(directory->check_file_system());
  SEEKFS_TRY(directory->check_owner());
  SEEKFS_TRY(directory->take_lock());
  SEEKFS_TRY(directory->read_format(random, log));
  SEEKFS_TRY(files.make_directories(directory->index_path(), private_directory));
  SEEKFS_ASSIGN(const env::FileInfo index, files.lstat(directory->index_path()));
  if (index.type != env::FileType::directory) {
    return fail(ErrorCode::invalid,
                directory->index_path() + " is a link; the index lies in the cache's own directory");
  }
  SEEKFS_TRY(files.sync_directory(directory->path_));
  return directory;
}

Status StoreDirectory::check_file_system() const {
  SEEKFS_ASSIGN(const std::string type, files_.type_name(path_));
  if (!env::is_network_file_system(type)) return {};
  return fail(ErrorCode::invalid,
              fmt::format("{} is on a network file system ({}); the page cache needs a local disk: set "
                          "cache.l2.segment_path to a directory on one",
                          path_, type));
}

/// Who may write here could put links in the place of files that are about to be written.
Status StoreDirectory::check_owner() const {
  constexpr std::uint32_t writable_by_others = 0022;
  SEEKFS_ASSIGN(const env::FileInfo info, files_.stat(path_));
  if ((info.mode & writable_by_others) == 0) return {};
  return fail(ErrorCode::invalid,
              fmt::format("{} can be written by other users (mode {:o}); mend it with chmod go-w, or set "
                          "cache.l2.segment_path to another directory",
                          path_, info.mode & 07777U));
}

Status StoreDirectory::take_lock() {
  const std::string path = path_ + "/LOCK";
  SEEKFS_ASSIGN(lock_,
                files_.open(path, {.write = true, .create = true, .no_follow = true, .permissions = private_file}));
  SEEKFS_ASSIGN(const bool locked, lock_->lock(false));
  if (!locked) {
    const auto holder = env::read_file(files_, path, 64);
    const std::string pid = holder && !holder->empty() ? holder->substr(0, holder->find('\n')) : "unknown";
    return fail(
        ErrorCode::conflict,
        fmt::format("{} belongs to a running process (PID {}); stop it, or give this one a cache.l2.segment_path "
                    "of its own",
                    path_, pid));
  }
  const std::string pid = fmt::format("{}\n", env::process_id());
  Status written = lock_->write_at(0, std::as_bytes(std::span(pid)));
  if (written) written = lock_->truncate(pid.size());
  // A full disk must not keep the cache from opening, which is what makes room again; only the message above needs it.
  return !written && written.error().code == ErrorCode::exhausted ? Status() : written;
}

Status StoreDirectory::read_format(env::Random& random, Logger& log) {
  const auto text = env::read_file(files_, path_ + "/FORMAT", most_format_bytes);
  if (!text && !vanished(text.error()) && text.error().code != ErrorCode::too_large) {
    return std::unexpected(text.error());
  }
  if (!text && vanished(text.error())) return write_format(random);
  const std::optional<Format> format = text ? parse_format(*text) : std::nullopt;
  if (!format) {
    log.warning("the FORMAT file of a page cache is damaged; it starts empty", {{"directory", path_}});
    return write_format(random);
  }
  if (format->oldest_reader > format_now) {
    SEEKFS_TRY(set_aside(format->uuid, log));
    return write_format(random);
  }
  set_uuid(format->uuid);
  return {};
}

void StoreDirectory::set_uuid(std::string uuid) {
  uuid_ = std::move(uuid);
  store_id_ = *number_of(std::string_view(uuid_).substr(0, 16), 16);
}

Status StoreDirectory::check_still_ours() {
  SEEKFS_ASSIGN(const env::FileInfo held, lock_->info());
  const auto there = files_.lstat(path_ + "/LOCK");
  if (!there || there->inode != held.inode || there->device != held.device) {
    return fail(ErrorCode::transient,
                path_ + " was removed or replaced: its LOCK is not the one that this process holds");
  }
  if (files_.lstat(path_ + "/FORMAT")) return {};
  return env::write_file_atomically(files_, path_ + "/FORMAT", to_text({format_now, format_now, uuid_}), true,
                                    private_file);
}

Status StoreDirectory::write_format(env::Random& random) {
  const Format format{format_now, format_now, fmt::format("{:016x}{:016x}", random.next(), random.next())};
  SEEKFS_TRY(env::write_file_atomically(files_, path_ + "/FORMAT", to_text(format), true, private_file));
  set_uuid(format.uuid);
  return {};
}

Status StoreDirectory::set_aside(const std::string& uuid, Logger& log) {
  const std::string aside = fmt::format("{}/set-aside-{}", path_, uuid);
  log.error("a page cache was written by a newer program and is set aside; remove it to have its space back",
            {{"directory", path_}, {"set_aside", aside}});
  SEEKFS_TRY(files_.make_directories(aside, private_directory));
  SEEKFS_ASSIGN(const auto numbers, segments());
  for (const SegmentNumber number : numbers) {
    SEEKFS_TRY(files_.rename(segment_path(number), aside + "/" + segment_file_name(number)));
  }
  for (const std::string_view name : {"index", "FORMAT"}) {
    const auto moved = files_.rename(fmt::format("{}/{}", path_, name), fmt::format("{}/{}", aside, name));
    if (!moved && !vanished(moved.error())) return moved;
  }
  return {};
}

std::string StoreDirectory::segment_path(SegmentNumber number) const { return path_ + "/" + segment_file_name(number); }

Result<std::vector<SegmentNumber>> StoreDirectory::segments() const {
  SEEKFS_ASSIGN(const auto entries, files_.list(path_));
  std::vector<SegmentNumber> numbers;
  for (const env::DirectoryEntry& entry : entries) {
    if (entry.type != env::FileType::regular) continue;
    if (const SegmentNumber number = parse_segment_file_name(entry.name); number != 0) numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

Result<std::uint64_t> StoreDirectory::index_bytes() const { return tree_bytes(files_, index_path()); }

Result<std::uint64_t> StoreDirectory::other_bytes(const std::set<SegmentNumber>& known) const {
  SEEKFS_ASSIGN(const env::FileInfo own, files_.lstat(path_));
  SEEKFS_ASSIGN(const auto entries, files_.list(path_));
  std::uint64_t bytes = own.allocated;
  for (const env::DirectoryEntry& entry : entries) {
    if (entry.name == "index" || known.contains(parse_segment_file_name(entry.name))) continue;
    SEEKFS_ASSIGN(const std::uint64_t below, tree_bytes(files_, path_ + "/" + entry.name));
    bytes += below;
  }
  return bytes;
}

}  // namespace seekfs::segmentstore
