// The blobdb of a stopped daemon, opened here. It cannot be listed, so each page of a version is asked for.
#include <fmt/format.h>

#include "async/sync_wait.h"
#include "cli/direct_cache.h"
#include "cli/session.h"
#include "l2/blobdb.h"

namespace seekfs::cli {
namespace {

using manifest::FileEntry;

class DirectBlobDb final : public CacheAccess {
 public:
  DirectBlobDb(Session& session, const app::L2Config& config, std::unique_ptr<l2::BlobDb> tier)
      : session_(session), config_(config), tier_(std::move(tier)) {}

  Result<CacheFigures> stat() override {
    const l2::L2Stats stats = tier_->stats();
    CacheFigures figures;
    figures.l2 = {.pages = stats.pages,
                  .bytes = stats.bytes,
                  .capacity_bytes = stats.capacity_bytes,
                  .evicted_pages = stats.evicted_pages};
    figures.disks = tier_->disks();
    return figures;
  }

  Status list(const PublishedName& name, const CachedFileReceiver& receive) override {
    SEEKFS_ASSIGN(const manifest::Manifest version, load_version(session_, name));
    for (const FileEntry& file : version.files) {
      if (!file.path.starts_with(name.path)) continue;
      CachedFile cached{.path = file.path, .size = file.size};
      for_each_page(name.ns, file, [&](const manifest::PageKey& key, const l2::PageFacts& facts) {
        if (tier_->may_contain(key, facts)) cached.l2_bytes += key.len;
      });
      SEEKFS_TRY(receive(cached));
    }
    return {};
  }

  Status drop(const PublishedName& name) override {
    SEEKFS_ASSIGN(const manifest::Manifest version, load_version(session_, name));
    bool found = name.path.empty();
    for (const FileEntry& file : version.files) {
      if (!name.path.empty() && file.path != name.path) continue;
      found = true;
      for_each_page(name.ns, file, [&](const manifest::PageKey& key, const l2::PageFacts&) { tier_->remove(key); });
    }
    if (found) return {};
    return fail(ErrorCode::not_found, fmt::format("{} v-{} has no file {}", name.ns, version.version, name.path));
  }

  Status drop_all() override { return local(async::sync_wait(tier_->drop_all())); }
  Status compact() override { return local(async::sync_wait(tier_->compact())); }
  Result<l2::CheckReport> check() override { return local(async::sync_wait(tier_->check())); }

 private:
  template <class T>
  Result<T> local(Result<T> result) {
    if (!result) return std::unexpected(local_error(config_, result.error()));
    return result;
  }

  template <class Visit>
  static void for_each_page(const std::string& ns, const FileEntry& file, const Visit& visit) {
    const manifest::FileKey key = manifest::make_file_key(ns, file.path, file.hash.hex);
    for (std::uint32_t id = 0; id < file.pages.size(); ++id) {
      const manifest::Page& page = file.pages[id];
      visit(manifest::PageKey{.file = key, .page_id = id, .off = page.off, .len = page.len},
            l2::PageFacts{.crc32c = page.crc32c, .ns = ns, .path = file.path, .hash = file.hash.hex});
    }
  }

  Session& session_;
  const app::L2Config& config_;
  std::unique_ptr<l2::BlobDb> tier_;
};

}  // namespace

Result<std::unique_ptr<CacheAccess>> open_blobdb_directory(Session& session, const app::L2Config& config,
                                                           const segmentstore::StoreOptions& disk) {
  auto tier =
      l2::open_blobdb({.files = session.files(), .log = session.log()}, {.path = disk.path, .capacity = disk.capacity});
  if (!tier) return std::unexpected(local_error(config, tier.error()));
  return std::make_unique<DirectBlobDb>(session, config, std::move(*tier));
}

}  // namespace seekfs::cli
