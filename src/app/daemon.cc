// Wiring. The order of the members is the order of construction; each outlives those below it.
#include "app/daemon.h"

#include <algorithm>
#include <utility>

#include "app/build_info.h"
#include "app/fetcher_options.h"
#include "app/l2_factory.h"
#include "app/process_metrics.h"
#include "app/store_factory.h"
#include "app/tier_metrics.h"
#include "async/reactor.h"
#include "async/thread_pool.h"
#include "base/units.h"
#include "cache/memory_budget.h"
#include "cache/page_cache.h"
#include "env/process.h"
#include "fetch/page_fetcher.h"
#include "http/server.h"
#include "objectstore/origin_gate.h"
#include "objectstore/wrappers.h"
#include "reader/cached_read_service.h"
#include "reader/hints.h"

namespace seekfs::app {
namespace {

constexpr std::size_t max_reactors = 16;
constexpr std::size_t io_threads = 8;
/// What pages on their way and reply buffers may take beside L1 and the manifests.
constexpr std::uint64_t min_transit_bytes = 256 * MiB;

std::size_t reactor_count(const ApiConfig& api) {
  if (api.threads != 0) return api.threads;
  return std::min<std::size_t>(env::cpu_count(), max_reactors);
}

std::uint64_t memory_total(const Config& config) {
  return config.cache.l1_memory + config.manifest.memory + std::max(min_transit_bytes, config.cache.l1_memory / 8);
}

reader::ManifestCacheOptions manifest_options(const Config& config) {
  reader::ManifestCacheOptions options;
  options.ttl = config.manifest.ttl;
  options.request_timeout = config.s3.request_timeout;
  options.disk_path = config.manifest.cache_path;
  options.memory_bytes = config.manifest.memory;
  options.limits = {.max_pages = config.manifest.max_pages,
                    .max_files = config.manifest.max_files,
                    .max_json_bytes = config.manifest.max_json_bytes,
                    .max_gzip_ratio = config.manifest.max_gzip_ratio};
  return options;
}

/// Windows that L1 can hold beside what is read again.
reader::ReadAheadPolicy read_ahead_policy(const Config& config) {
  reader::ReadAheadPolicy policy;
  policy.max_window = std::min(policy.max_window, config.cache.l1_memory / 8);
  policy.max_total = config.cache.l1_memory / 4;
  return policy;
}

http::ServerOptions server_options(const Config& config) {
  http::ServerOptions options;
  options.listen = config.api.listen;
  options.socket_access = {.mode = http::parse_socket_mode(config.api.socket_mode).value_or(0),
                           .group = config.api.socket_group};
  options.threads = reactor_count(config.api);
  options.max_connections = config.api.max_connections;
  options.idle_timeout = config.api.idle_timeout;
  options.readv_max_items = config.api.readv_max_items;
  options.readv_max_bytes = config.api.readv_max_bytes;
  options.dev_endpoints = config.api.dev_endpoints;
  options.access_log = config.log.level == LogLevel::debug;
  options.version = build_version();
  options.build = build_id();
  options.features = build_feature_names();
  return options;
}

}  // namespace

struct Daemon::Parts {
  Parts(const Config& config, Logger& logger)
      : log(logger), memory(memory_total(config), timers), l1(config.cache.l1_memory, memory) {}

  Logger& log;
  MetricsRegistry metrics;
  std::unique_ptr<env::Clock> clock = env::make_system_clock();
  std::unique_ptr<env::Random> random = env::make_system_random();
  async::Timers timers{*clock};
  async::ThreadPool io_pool{"store-io", io_threads};
  async::ThreadPool manifest_pool{"manifests", 1};
  async::Reactor background{"background"};
  cache::MemoryBudget memory;
  cache::PageCache l1;
  BuiltL2 l2;
  std::unique_ptr<reader::CacheControl> caches;
  objectstore::OriginMetrics origin_metrics{metrics, *clock};
  std::unique_ptr<objectstore::OriginGate> gate;
  BuiltStore store;
  std::unique_ptr<objectstore::ObjectStore> budgeted_store;
  std::unique_ptr<fetch::PageFetcher> fetcher;
  std::unique_ptr<reader::ManifestCache> manifests;
  std::unique_ptr<reader::ReadService> service;
  std::unique_ptr<reader::Hints> hints;
  std::unique_ptr<http::Server> server;

  /// Reads of L2 run on the reactors of the server and outlive the connections that started them (read-ahead of a
  /// client that has left), and a check of L2 and a prefetch may take hours. So these are ended, then nobody asks any
  /// more, then the fetcher waits for what was asked, and only then do the reactors go; a read that came back to one
  /// that is gone would write into freed memory.
  ~Parts() {
    if (l2.admin != nullptr) l2.admin->cancel_long_work();
    if (hints) hints->shutdown();
    if (server) server->stop();
    if (fetcher) fetcher->shutdown();
    server.reset();
    if (manifests) manifests->shutdown();
    background.stop();
  }

  void build_readers(const Config& config) {
    budgeted_store = objectstore::make_budgeted_store(store.store(), *gate);
    fetcher = std::make_unique<fetch::PageFetcher>(
        fetch::PageFetcherParts{store.store(), *gate, l1, memory, *l2.tier, timers, background, metrics, log},
        fetcher_options(config));
    manifests = std::make_unique<reader::ManifestCache>(
        reader::ManifestCacheParts{*budgeted_store, env::posix_file_system(), *random, timers, background,
                                   manifest_pool, memory, metrics, log},
        manifest_options(config));
    caches = std::make_unique<reader::CacheControl>(reader::CacheControlParts{l1, *l2.tier, l2.admin});
    service = reader::make_cached_read_service(
        {*manifests, l1, memory, *fetcher, timers, background, metrics, caches.get()}, {}, read_ahead_policy(config));
    hints = std::make_unique<reader::Hints>(
        reader::HintsParts{l1, *l2.tier, memory, *fetcher, timers, background, *random, metrics});
  }
};

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::start(const Config& config, Logger& log, std::unique_ptr<l2::L2> l2) {
  auto parts = std::make_unique<Parts>(config, log);
  if (l2) {
    parts->l2.tier = std::move(l2);
  } else {
    SEEKFS_ASSIGN(parts->l2, make_l2(config.cache.l2, {.files = env::posix_file_system(),
                                                       .random = *parts->random,
                                                       .timers = parts->timers,
                                                       .metrics = parts->metrics,
                                                       .log = log}));
  }
  parts->gate = std::make_unique<objectstore::OriginGate>(gate_limits(config, io_threads, *parts->random),
                                                          parts->timers, parts->metrics);
  SEEKFS_ASSIGN(parts->store, make_store(config, {.files = env::posix_file_system(),
                                                  .random = *parts->random,
                                                  .timers = parts->timers,
                                                  .pool = parts->io_pool,
                                                  .gate = *parts->gate,
                                                  .metrics = parts->origin_metrics,
                                                  .log = log}));
  parts->build_readers(config);
  add_process_metrics(parts->metrics);
  add_tier_metrics(parts->metrics, parts->l1, *parts->l2.tier, parts->memory);
  SEEKFS_ASSIGN(parts->server,
                http::Server::start({*parts->service, config.api.dev_endpoints ? parts->budgeted_store.get() : nullptr,
                                     parts->metrics, parts->memory, parts->timers, *parts->clock, log, *parts->random,
                                     parts->caches.get(), parts->hints.get()},
                                    server_options(config)));
  parts->server->set_ready();
  parts->manifests->check_store();
  return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

const std::vector<std::string>& Daemon::addresses() const { return parts_->server->addresses(); }

bool Daemon::drain(env::Duration patience) {
  if (parts_->l2.admin != nullptr) parts_->l2.admin->cancel_long_work();
  parts_->hints->shutdown();
  return parts_->server->drain(parts_->clock->now() + patience);
}

}  // namespace seekfs::app
