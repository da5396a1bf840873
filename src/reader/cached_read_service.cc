// Names to files by the manifest cache; ranges to pages by L1, then by a stream.
#include "reader/cached_read_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "manifest/path.h"

namespace seekfs::reader {
namespace {

class CachedReadService final : public ReadService {
 public:
  CachedReadService(ReadServiceParts parts, PageStreamOptions options, ReadAheadPolicy read_ahead)
      : parts_(parts),
        options_(options),
        metrics_(parts.metrics),
        ahead_(parts.fetcher, parts.l1, parts.background, read_ahead) {}

  std::optional<Result<FileRef>> try_open(std::string_view ns, std::string_view path,
                                          std::optional<std::uint64_t> version) override {
    const auto found = parts_.manifests.try_get(ns, version);
    if (!found) return std::nullopt;
    if (!*found) return std::unexpected(found->error());
    return find_file(**found, path);
  }

  async::Task<FileRef> open(std::string ns, std::string path, std::optional<std::uint64_t> version,
                            env::TimePoint deadline) override {
    SEEKFS_CO_TRY(manifest::check_path(path));
    const auto found = co_await parts_.manifests.get(std::move(ns), version, deadline);
    if (!found) co_return std::unexpected(found.error());
    co_return find_file(*found, path);
  }

  std::optional<Result<VersionRef>> try_open_version(std::string_view ns,
                                                     std::optional<std::uint64_t> version) override {
    return parts_.manifests.try_get(ns, version);
  }

  async::Task<VersionRef> open_version(std::string ns, std::optional<std::uint64_t> version,
                                       env::TimePoint deadline) override {
    return parts_.manifests.get(std::move(ns), version, deadline);
  }

  async::Task<bool> reload(std::string ns, std::uint64_t stale, env::TimePoint deadline) override {
    return parts_.manifests.reload(std::move(ns), stale, deadline);
  }

  std::size_t try_read(const FileRef& file, std::uint64_t off, std::uint64_t len, std::span<PageSlice> out) override;

  std::unique_ptr<ReadStream> read(std::vector<ReadItem> items) override {
    return std::make_unique<PageStream>(
        PageStreamParts{parts_.l1, parts_.memory, parts_.fetcher, parts_.timers, metrics_, ahead_}, options_,
        std::move(items));
  }

  async::Task<std::vector<NamespaceStatus>> namespaces(env::TimePoint deadline) override {
    return parts_.manifests.namespaces(deadline);
  }
  async::Task<NamespaceStatus> namespace_status(std::string ns, env::TimePoint deadline) override {
    return parts_.manifests.status(std::move(ns), deadline);
  }
  std::vector<std::string> degraded() const override {
    std::vector<std::string> sentences = parts_.manifests.degraded();
    if (parts_.caches != nullptr) std::ranges::move(parts_.caches->degraded(), std::back_inserter(sentences));
    return sentences;
  }

 private:
  ReadServiceParts parts_;
  const PageStreamOptions options_;
  ReadMetrics metrics_;
  AheadFetcher ahead_;
};

std::size_t CachedReadService::try_read(const FileRef& file, std::uint64_t off, std::uint64_t len,
                                        std::span<PageSlice> out) {
  if (len == 0) return 0;
  const manifest::CompactManifest& manifest = file.manifest();
  PageReader reader(file);
  std::uint32_t page_id = manifest.page_at(file.index(), off);
  // Known before a page is looked up: a first use that is seen here is told to nobody else.
  if (manifest.page_at(file.index(), off + len - 1) - page_id >= out.size()) return 0;
  std::uint64_t done = 0;
  std::size_t count = 0;
  bool first_use = false;
  while (done < len) {
    const manifest::Page page = manifest.page(file.index(), page_id);
    PageRef cached = parts_.l1.get(reader.key(page_id, page), first_use);
    if (!cached) {
      // The caller goes on to wait for memory, perhaps for what L1 could free.
      for (PageSlice& slice : out.first(count)) slice.page.reset();
      return 0;
    }
    const auto begin = static_cast<std::uint32_t>(off + done - page.off);
    const auto length = static_cast<std::uint32_t>(std::min<std::uint64_t>(page.len - begin, len - done));
    out[count++] = {std::move(cached), begin, length};
    done += length;
    ++page_id;
  }
  metrics_.l1_hit.add(count);
  metrics_.served_l1.add(len);
  if (first_use) ahead_.on_read(file, reader, off, len, false);
  return count;
}

}  // namespace

Result<FileRef> find_file(const VersionRef& version, std::string_view path) {
  if (const auto index = version.manifest->find(path)) return FileRef(version.ns, version.manifest, *index);
  SEEKFS_TRY(manifest::check_path(path));
  return fail(ErrorCode::not_found,
              fmt::format("namespace {} v-{} has no file {}", *version.ns, version.manifest->version(), path));
}

std::unique_ptr<ReadService> make_cached_read_service(ReadServiceParts parts, PageStreamOptions options,
                                                      ReadAheadPolicy read_ahead) {
  return std::make_unique<CachedReadService>(parts, options, read_ahead);
}

}  // namespace seekfs::reader
