// The caches of a stopped daemon: its directories, opened here.
#include <fmt/format.h>

#include <unordered_map>

#include "app/l2_disks.h"
#include "app/l2_factory.h"
#include "cli/direct_cache.h"
#include "cli/session.h"
#include "env/process.h"
#include "publish/versions.h"
#include "segmentstore/segment_store.h"

namespace seekfs::cli {
namespace {

using segmentstore::SegmentStore;

l2::DiskStatus status_of(const std::string& path, const segmentstore::StoreStats& stats) {
  return {.path = path,
          .up = true,
          .detail = {},
          .pages = stats.pages,
          .live_bytes = stats.live_bytes,
          .segments = stats.segments,
          .segment_bytes = stats.segment_bytes,
          .disk_bytes = stats.disk_bytes,
          .capacity_bytes = stats.capacity_bytes,
          .index_bytes = stats.index_bytes,
          .evicted_pages = stats.evicted_pages,
          .evicted_segments = stats.evicted_segments,
          .put_bytes = stats.put_bytes,
          .written_bytes = stats.written_bytes,
          .damaged_pages = stats.damaged_pages};
}

struct FileKeyHash {
  std::size_t operator()(const manifest::FileKey& key) const noexcept {
    return manifest::mix({.file = key, .page_id = 0, .off = 0, .len = 0});
  }
};

class DirectCache final : public CacheAccess {
 public:
  struct Disk {
    std::string path;
    std::unique_ptr<SegmentStore> store;
  };
  DirectCache(Session& session, const app::L2Config& config, std::vector<Disk> disks)
      : session_(session), config_(config), disks_(std::move(disks)) {}

  Result<CacheFigures> stat() override {
    CacheFigures figures;
    TierFigures& l2 = figures.l2.emplace();
    for (const Disk& disk : disks_) {
      const segmentstore::StoreStats stats = disk.store->stats();
      l2.pages += stats.pages;
      l2.bytes += stats.live_bytes;
      l2.capacity_bytes += stats.capacity_bytes;
      l2.evicted_pages += stats.evicted_pages;
      figures.disks.push_back(status_of(disk.path, stats));
    }
    return figures;
  }

  Status list(const PublishedName& name, const CachedFileReceiver& receive) override {
    SEEKFS_ASSIGN(const manifest::Manifest version, load_version(session_, name));
    std::unordered_map<manifest::FileKey, std::uint64_t, FileKeyHash> held;
    const auto count = [&held](const segmentstore::StoredPage& page) { held[page.key.file] += page.key.len; };
    SEEKFS_TRY(for_each_disk([&](SegmentStore& store) { return store.list(count); }));
    for (const manifest::FileEntry& file : version.files) {
      if (!file.path.starts_with(name.path)) continue;
      const auto found = held.find(manifest::make_file_key(name.ns, file.path, file.hash.hex));
      SEEKFS_TRY(receive(
          {.path = file.path, .size = file.size, .l1_bytes = 0, .l2_bytes = found == held.end() ? 0 : found->second}));
    }
    return {};
  }

  Status drop(const PublishedName& name) override {
    SEEKFS_ASSIGN(const manifest::Manifest version, load_version(session_, name));
    bool found = name.path.empty();
    for (const manifest::FileEntry& file : version.files) {
      if (!name.path.empty() && file.path != name.path) continue;
      found = true;
      const manifest::FileKey key = manifest::make_file_key(name.ns, file.path, file.hash.hex);
      for (std::uint32_t id = 0; id < file.pages.size(); ++id) {
        const manifest::PageKey page{.file = key, .page_id = id, .off = file.pages[id].off, .len = file.pages[id].len};
        for (const Disk& disk : disks_) disk.store->remove(page);
      }
    }
    if (!found) {
      return fail(ErrorCode::not_found, fmt::format("{} v-{} has no file {}", name.ns, version.version, name.path));
    }
    return close();
  }
  Status drop_all() override {
    SEEKFS_TRY(for_each_disk([](SegmentStore& store) { return store.drop_all(); }));
    return close();
  }

  Result<l2::CheckReport> check() override {
    l2::CheckReport all;
    for (const Disk& disk : disks_) {
      auto report = disk.store->check();
      if (!report) return std::unexpected(local_error(config_, report.error()));
      all.pages += report->pages;
      all.bytes += report->bytes;
      all.damage_count += report->damage_count;
      for (l2::Damage& damage : report->damage) {
        if (all.damage.size() < l2::max_listed_damage) all.damage.push_back(std::move(damage));
      }
    }
    SEEKFS_TRY(close());
    return all;
  }
  Status compact() override {
    SEEKFS_TRY(for_each_disk([](SegmentStore& store) { return store.compact(); }));
    return close();
  }

 private:
  Status for_each_disk(const std::function<Status(SegmentStore&)>& work) {
    for (const Disk& disk : disks_) {
      if (auto done = work(*disk.store); !done) return std::unexpected(local_error(config_, done.error()));
    }
    return {};
  }
  /// What was changed is to be there at the daemon's next start.
  Status close() {
    return for_each_disk([](SegmentStore& store) { return store.close(); });
  }

  Session& session_;
  const app::L2Config& config_;
  std::vector<Disk> disks_;
};

}  // namespace

Error local_error(const app::L2Config& config, const Error& error) {
  if (error.code == ErrorCode::conflict) {
    return {ErrorCode::internal, error.message + "; ask that daemon instead: leave out --direct"};
  }
  Error explained = app::explain_l2_error(config, error);
  if (error.code != ErrorCode::invalid && error.code != ErrorCode::exhausted) explained.code = ErrorCode::internal;
  return explained;
}

Result<manifest::Manifest> load_version(Session& session, const PublishedName& name) {
  SEEKFS_ASSIGN(const publish::Parts parts, session.store());
  return publish::Versions(parts).load(name.ns, name.version);
}

Result<std::unique_ptr<CacheAccess>> open_cache_directories(Session& session, CachePurpose purpose) {
  SEEKFS_ASSIGN(const app::LoadedConfig* loaded, session.config());
  const app::L2Config& config = loaded->values.cache.l2;
  if (config.backend != app::L2Backend::segmentstore && config.backend != app::L2Backend::blobdb) {
    return fail(ErrorCode::invalid, "--direct opens a cache on disk; cache.l2.backend says that there is none");
  }
  for (const std::string& path : config.segment_paths) {
    const auto there = session.files().stat(path);
    if (there && there->owner != env::user_id()) {
      return fail(ErrorCode::invalid,
                  fmt::format("{} belongs to user {}, and files that another user leaves in it keep "
                              "its daemon from starting; run this as that user (sudo -u '#{}')",
                              path, there->owner, there->owner));
    }
    if (there) continue;
    if (there.error().code != ErrorCode::not_found) return std::unexpected(local_error(config, there.error()));
    return fail(ErrorCode::not_found, fmt::format("there is no cache at {}", path));
  }
  const auto options = app::l2_disks(config, session.files());
  if (!options) return std::unexpected(local_error(config, options.error()));
  if (config.backend == app::L2Backend::blobdb) return open_blobdb_directory(session, config, options->front());
  std::vector<DirectCache::Disk> disks;
  for (segmentstore::StoreOptions each : *options) {
    each.may_evict = purpose == CachePurpose::change;
    auto store = SegmentStore::open({.files = session.files(), .random = session.random(), .log = session.log()}, each);
    if (!store) return std::unexpected(local_error(config, store.error()));
    disks.push_back({each.path, std::move(*store)});
  }
  return std::make_unique<DirectCache>(session, config, std::move(disks));
}

}  // namespace seekfs::cli
