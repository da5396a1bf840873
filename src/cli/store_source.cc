// Published files straight from the store: manifest, ranged GETs, and each page verified here.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "base/units.h"
#include "cli/data_source.h"
#include "publish/versions.h"

namespace seekfs::cli {
namespace {

/// Bytes of one GET: many pages, since each GET waits for its first byte.
constexpr std::uint64_t get_bytes = 8 * MiB;

class BufferSink final : public objectstore::BodySink {
 public:
  explicit BufferSink(std::span<std::byte> buffer) : buffer_(buffer) {}
  std::span<std::byte> prepare() override { return buffer_.subspan(filled_); }
  void commit(std::size_t count) override { filled_ += count; }
  std::size_t filled() const { return filled_; }

 private:
  std::span<std::byte> buffer_;
  std::size_t filled_ = 0;
};

/// Pages [first, last) of a file, fetched by one GET and verified.
Status fetch_pages(objectstore::ObjectStore& store, const manifest::FileEntry& file, std::size_t first,
                   std::size_t last, std::vector<std::byte>& buffer) {
  const std::uint64_t off = file.pages[first].off;
  buffer.resize(file.pages[last - 1].off + file.pages[last - 1].len - off);
  BufferSink sink(buffer);
  const objectstore::ObjectRef object{
      .key = file.storage.key, .if_match = file.storage.etag, .version_id = file.storage.version_id};
  const auto got = async::sync_wait(
      store.get(object, objectstore::ByteRange{.off = file.storage.off + off, .len = buffer.size()}, sink, {}));
  if (!got) {
    const ErrorCode code = got.error().code;
    if (code == ErrorCode::precondition_failed || code == ErrorCode::not_found || code == ErrorCode::invalid) {
      return fail(ErrorCode::source_changed, fmt::format("{}: the object {} is not the one that was published: {}",
                                                         file.path, file.storage.key, got.error().message));
    }
    return std::unexpected(got.error().with_context(file.path));
  }
  if (sink.filled() != buffer.size()) {
    return fail(ErrorCode::source_changed, fmt::format("{}: the object {} ends early", file.path, file.storage.key));
  }
  for (std::size_t i = first; i < last; ++i) {
    const manifest::Page& page = file.pages[i];
    if (crc32c(std::span(buffer).subspan(page.off - off, page.len)) != page.crc32c) {
      return fail(ErrorCode::origin_corrupt, fmt::format("{}: page {} at byte {} does not have the CRC32C that the "
                                                         "manifest records; the object is {}",
                                                         file.path, i, page.off, file.storage.key));
    }
  }
  return {};
}

class StoreSource final : public DataSource {
 public:
  explicit StoreSource(publish::Parts parts) : parts_(parts) {}

  Result<std::uint64_t> list(const FileName& prefix, bool folders, const ListReceiver& receive) override {
    SEEKFS_ASSIGN(const manifest::Manifest* manifest, load(prefix));
    const auto& files = manifest->files;
    auto at = std::ranges::lower_bound(files, prefix.path, {}, &manifest::FileEntry::path);
    std::string last_folder;
    for (; at != files.end() && at->path.starts_with(prefix.path); ++at) {
      const std::size_t slash = folders ? at->path.find('/', prefix.path.size()) : std::string::npos;
      if (slash == std::string::npos) {
        SEEKFS_TRY(receive(
            {.path = at->path, .folder = false, .size = at->size, .hash = at->hash.to_string(), .mtime = at->mtime}));
      } else if (std::string folder = at->path.substr(0, slash + 1); folder != last_folder) {
        SEEKFS_TRY(receive({.path = folder, .folder = true, .size = 0, .hash = {}, .mtime = std::nullopt}));
        last_folder = std::move(folder);
      }
    }
    return manifest->version;
  }

  Result<FileFacts> stat(const FileName& file) override {
    SEEKFS_ASSIGN(const manifest::Manifest* manifest, load(file));
    SEEKFS_ASSIGN(const manifest::FileEntry* entry, find(*manifest, file));
    return facts_of(*manifest, *entry);
  }

  Result<FileFacts> read(const FileName& file, std::uint64_t off, std::optional<std::uint64_t> len,
                         const ByteReceiver& receive) override {
    SEEKFS_ASSIGN(const manifest::Manifest* manifest, load(file));
    SEEKFS_ASSIGN(const manifest::FileEntry* entry, find(*manifest, file));
    if (off > 0 && off >= entry->size) {
      return fail(ErrorCode::range_not_satisfiable,
                  fmt::format("{}: byte {} is past the end, the file has {}", file.path, off, entry->size));
    }
    const std::uint64_t end = off + std::min(len.value_or(entry->size), entry->size - off);
    std::size_t page = 0;
    while (page < entry->pages.size() && entry->pages[page].off + entry->pages[page].len <= off) ++page;
    std::vector<std::byte> buffer;
    while (off < end) {
      std::size_t last = page + 1;
      const std::uint64_t begin = entry->pages[page].off;
      while (last < entry->pages.size() && entry->pages[last].off < end &&
             entry->pages[last].off + entry->pages[last].len - begin <= get_bytes) {
        ++last;
      }
      SEEKFS_TRY(fetch_pages(parts_.store, *entry, page, last, buffer));
      const std::uint64_t stop = std::min<std::uint64_t>(end, begin + buffer.size());
      SEEKFS_TRY(receive(std::span(buffer).subspan(off - begin, stop - off)));
      off = stop;
      page = last;
    }
    return facts_of(*manifest, *entry);
  }

 private:
  Result<const manifest::Manifest*> load(const FileName& name) {
    const auto key = std::pair(name.ns, name.version.value_or(0));
    auto known = loaded_.find(key);
    if (known == loaded_.end()) {
      SEEKFS_ASSIGN(manifest::Manifest manifest, publish::Versions(parts_).load(name.ns, name.version));
      std::ranges::sort(manifest.files, {}, &manifest::FileEntry::path);
      known = loaded_.emplace(key, std::move(manifest)).first;
    }
    return &known->second;
  }

  static Result<const manifest::FileEntry*> find(const manifest::Manifest& manifest, const FileName& file) {
    const auto at = std::ranges::lower_bound(manifest.files, file.path, {}, &manifest::FileEntry::path);
    if (at == manifest.files.end() || at->path != file.path) {
      return fail(ErrorCode::not_found, fmt::format("no file '{}' in {} v-{}", file.path, file.ns, manifest.version));
    }
    return &*at;
  }

  static FileFacts facts_of(const manifest::Manifest& manifest, const manifest::FileEntry& entry) {
    return {.version = manifest.version,
            .size = entry.size,
            .hash_hex = entry.hash.algorithm == "sha256" ? entry.hash.hex : "",
            .mtime = entry.mtime,
            .key = entry.storage.key,
            .pages = entry.pages.size()};
  }

  publish::Parts parts_;
  std::map<std::pair<std::string, std::uint64_t>, manifest::Manifest> loaded_;
};

}  // namespace

std::unique_ptr<DataSource> make_store_source(publish::Parts parts) { return std::make_unique<StoreSource>(parts); }

}  // namespace seekfs::cli
