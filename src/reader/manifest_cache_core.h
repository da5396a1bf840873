// The state and the parts of the manifest cache.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/promise.h"
#include "async/running_tasks.h"
#include "reader/manifest_cache.h"
#include "reader/manifest_disk_cache.h"
#include "reader/manifest_loader.h"
#include "reader/namespace_list.h"
#include "reader/namespace_state.h"
#include "reader/namespace_table.h"
#include "reader/store_health.h"

namespace seekfs::reader {

/// Shared by the cache and by every load that it started, so that a load may end after the cache was asked to go.
/// manifest_refresh.cc keeps HEAD fresh; manifest_cache.cc does the rest.
class ManifestCache::Core : public std::enable_shared_from_this<Core> {
 public:
  using State = std::shared_ptr<NamespaceState>;
  using Version = std::shared_ptr<const LoadedVersion>;

  Core(ManifestCacheParts parts, ManifestCacheOptions options)
      : parts_(parts),
        options_(std::move(options)),
        disk_(parts.files, options_.disk_path, parts.store.description(), parts.log),
        loader_(parts.store, disk_, parts.pool, parts.memory, options_.limits),
        table_(parts.metrics, parts.timers.clock()),
        refresh_failures_(
            parts.metrics.counter("seekfs_manifest_refresh_failures_total",
                                  "Refreshes of a namespace that did not give a newer or equal version.")) {}

  std::optional<Result<VersionRef>> try_get(std::string_view ns, std::optional<std::uint64_t> version);
  async::Task<VersionRef> get(std::string ns, std::optional<std::uint64_t> version, env::TimePoint deadline);
  async::Task<VersionRef> get_current(State state, env::TimePoint deadline);
  async::Task<bool> reload(std::string ns, std::uint64_t stale, env::TimePoint deadline);
  async::Task<VersionRef> get_pinned(State state, std::uint64_t version, env::TimePoint deadline);
  async::Task<std::vector<NamespaceStatus>> namespaces(env::TimePoint deadline);
  async::Task<NamespaceStatus> status(std::string ns, env::TimePoint deadline);
  NamespaceStatus describe(NamespaceState& state) const;
  std::vector<std::string> degraded() const;
  void check_store();
  void shutdown() {
    loads_.close();
    loads_.wait_for_none();
  }

 private:
  /// How a refresh ended that did not fail.
  enum class Refreshed : std::uint8_t {
    asked,    ///< HEAD was read
    not_due,  ///< the local copy of it is young enough
  };
  using Coroutine = boost::asio::awaitable<void, async::Executor>;

  env::TimePoint now() const { return parts_.timers.clock().now(); }
  env::TimePoint deadline() const { return now() + options_.request_timeout; }
  VersionRef use(const NamespaceState& state, const Version& version) const {
    version->touch(now());
    return {state.ns, {version, version->manifest.get()}};
  }

  void start_refresh(const State& state, std::optional<async::Promise<void>> waiter);
  Coroutine refresh(State state);
  async::Task<Refreshed> refresh_once(State state);
  async::Task<Refreshed> take_local(State state);
  std::optional<env::Duration> age_of(std::chrono::system_clock::time_point read_at) const;
  async::Task<void> install(State state, std::uint64_t version);
  void make_current(const State& state, ManifestLoader::Loaded loaded, env::TimePoint head_read);
  Coroutine probe();
  Coroutine load_pinned(State state, std::uint64_t version);
  async::Task<Version> load_version(State state, std::uint64_t version);
  async::Task<bool> exists(std::string ns);

  ManifestCacheParts parts_;
  const ManifestCacheOptions options_;
  ManifestDiskCache disk_;
  ManifestLoader loader_;
  NamespaceTable table_;
  Counter& refresh_failures_;
  NamespaceList list_;
  async::RunningTasks loads_;
  StoreHealth health_;
};

}  // namespace seekfs::reader
