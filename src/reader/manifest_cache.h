// The namespaces that this daemon serves: which version is current in each, and the manifests that are loaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/reactor.h"
#include "async/thread_pool.h"
#include "async/timers.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cache/memory_budget.h"
#include "env/file.h"
#include "env/random.h"
#include "objectstore/object_store.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// What the cache works with; all outlive it.
struct ManifestCacheParts {
  objectstore::ObjectStore& store;  ///< budgeted: its requests wait for the origin's gate
  env::FileSystem& files;
  env::Random& random;
  async::Timers& timers;
  async::Reactor& background;  ///< where HEAD is re-read
  async::ThreadPool& pool;     ///< where manifests are parsed
  cache::MemoryBudget& memory;
  MetricsRegistry& metrics;
  Logger& log;
};

struct ManifestCacheOptions {
  std::chrono::milliseconds ttl{10'000};        ///< HEAD is re-read at most this often, plus up to a tenth of jitter,
                                                ///< restarts of the daemon included when there is a disk_path
  std::chrono::milliseconds stale_wait{2'000};  ///< how long a reader waits for HEAD when it is older than 10 × ttl
  std::chrono::milliseconds request_timeout{60'000};
  std::string disk_path;                                 ///< empty: nothing is kept on disk
  std::uint64_t memory_bytes = std::uint64_t{1} << 30U;  ///< what loaded manifests may take
  manifest::ReadLimits limits;
};

/// Thread-safe. One request for HEAD a namespace is in flight however many readers wait. A version that cannot be
/// loaded leaves the last good one in place; the reason is in degraded(), in the log and in
/// seekfs_manifest_refresh_failures_total. Manifests unused longest are unloaded when memory_bytes is passed.
class ManifestCache {
 public:
  ManifestCache(ManifestCacheParts parts, ManifestCacheOptions options);
  /// As shutdown().
  ~ManifestCache();

  /// The version if it is loaded and fresh enough to be served at once (starting a refresh in the background when HEAD
  /// is due); nothing when get() must be asked. Errors: bad_request (not a namespace).
  std::optional<Result<VersionRef>> try_get(std::string_view ns, std::optional<std::uint64_t> version);
  /// Errors: bad_request, no_such_namespace, no_such_version, unsupported_manifest, origin_unavailable, origin_denied,
  /// throttled, timeout, exhausted, cancelled (shutting down).
  async::Task<VersionRef> get(std::string ns, std::optional<std::uint64_t> version, env::TimePoint deadline);

  /// As ReadService::reload().
  async::Task<bool> reload(std::string ns, std::uint64_t stale, env::TimePoint deadline);

  async::Task<std::vector<NamespaceStatus>> namespaces(env::TimePoint deadline);
  async::Task<NamespaceStatus> status(std::string ns, env::TimePoint deadline);
  /// Also says when the store did not answer the last time it was asked for a HEAD.
  std::vector<std::string> degraded() const;
  /// Asks the store for its namespaces, in the background, so that one that is away or misconfigured is in the log and
  /// in degraded() before the first reader comes; unless it answered a former run of the daemon less than a ttl ago.
  void check_store();

  /// Starts no new loads and waits for those that are running.
  void shutdown();

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace seekfs::reader
