// Loading versions once however many wait, and unloading what was unused longest.
#include "reader/manifest_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "manifest/layout.h"
#include "manifest/path.h"
#include "reader/manifest_cache_core.h"

namespace seekfs::reader {
namespace {

constexpr int stale_factor = 10;

env::TimePoint time_of(const std::atomic<env::TimePoint::rep>& rep) {
  return env::TimePoint(env::Duration(rep.load(std::memory_order_relaxed)));
}

}  // namespace

std::optional<Result<VersionRef>> ManifestCache::Core::try_get(std::string_view ns,
                                                               std::optional<std::uint64_t> version) {
  const State state = table_.find(ns);
  if (!state) {
    if (Status valid = manifest::check_namespace(ns); !valid) return std::unexpected(std::move(valid).error());
    return std::nullopt;
  }
  const Version current = state->current.get();
  if (version && !(current && current->manifest->version() == *version)) {
    const auto pinned = state->pinned.get();
    if (!pinned) return std::nullopt;
    const auto found = pinned->find(*version);
    if (found == pinned->end()) return std::nullopt;
    return use(*state, found->second);
  }
  if (!current) return std::nullopt;
  if (!version && now() >= time_of(state->next_check)) {
    if (now() >= time_of(state->head_checked) + stale_factor * options_.ttl) return std::nullopt;
    start_refresh(state, std::nullopt);
  }
  return use(*state, current);
}

async::Task<VersionRef> ManifestCache::Core::get(std::string ns, std::optional<std::uint64_t> version,
                                                 env::TimePoint deadline) {
  SEEKFS_CO_TRY(manifest::check_namespace(ns));
  if (auto ready = try_get(ns, version)) co_return std::move(*ready);
  const State state = table_.find_or_add(ns);
  if (version) co_return co_await get_pinned(state, *version, deadline);
  co_return co_await get_current(state, deadline);
}

async::Task<VersionRef> ManifestCache::Core::get_current(State state, env::TimePoint deadline) {
  async::Promise<void> refreshed;
  start_refresh(state, refreshed);
  const bool have_one = state->current.get() != nullptr;
  const env::TimePoint until = have_one ? std::min(deadline, now() + options_.stale_wait) : deadline;
  const Status status = co_await refreshed.wait_until(parts_.timers, until, "reading HEAD of namespace " + *state->ns);
  if (const Version current = state->current.get()) co_return use(*state, current);
  if (!status) co_return std::unexpected(status.error());
  co_return fail(ErrorCode::no_such_namespace, fmt::format("namespace {} has no version", *state->ns));
}

async::Task<VersionRef> ManifestCache::Core::get_pinned(State state, std::uint64_t version, env::TimePoint deadline) {
  async::Promise<Version> loaded;
  bool first = false;
  {
    MutexLock lock(state->mutex);
    auto& waiters = state->loading[version];
    first = waiters.empty();
    waiters.push_back(loaded);
  }
  if (first) {
    if (loads_.begin()) {
      async::spawn(parts_.background.executor(), load_pinned(state, version));
    } else {
      MutexLock lock(state->mutex);
      for (const auto& waiter : state->loading.extract(version).mapped()) {
        waiter.set(fail(ErrorCode::cancelled, "the daemon is shutting down"));
      }
    }
  }
  auto result =
      co_await loaded.wait_until(parts_.timers, deadline, fmt::format("loading v-{} of {}", version, *state->ns));
  if (!result) co_return std::unexpected(std::move(result).error());
  co_return use(*state, *result);
}

ManifestCache::Core::Coroutine ManifestCache::Core::load_pinned(State state, std::uint64_t version) {
  const auto self = shared_from_this();
  auto loaded = co_await load_version(state, version);
  if (loaded) {
    table_.pin(state, *loaded);
  } else if (loaded.error().code == ErrorCode::no_such_version && !state->current.get()) {
    const auto known = co_await exists(*state->ns);
    if (known && !*known) {
      loaded = fail(ErrorCode::no_such_namespace, fmt::format("there is no namespace {}", *state->ns));
    }
  }
  std::vector<async::Promise<Version>> waiters;
  {
    MutexLock lock(state->mutex);
    waiters = std::move(state->loading.extract(version).mapped());
  }
  if (!loaded) table_.forget_if_empty(state);
  for (const auto& waiter : waiters) waiter.set(loaded);
  loads_.end();
}

/// Loads, making room among manifests that were unused longest. What is needed is known only once it fits: twice as
/// many are unloaded each time, so that a large manifest among many small ones is not read as often as there are those.
async::Task<ManifestCache::Core::Version> ManifestCache::Core::load_version(State state, std::uint64_t version) {
  auto loaded = co_await loader_.load(*state->ns, version, deadline());
  for (std::size_t count = 1; !loaded && loaded.error().code == ErrorCode::exhausted; count *= 2) {
    if (table_.unload_oldest(count, state.get()) == 0) break;
    loaded = co_await loader_.load(*state->ns, version, deadline());
  }
  if (!loaded) co_return std::unexpected(std::move(loaded).error());
  auto result = std::make_shared<const LoadedVersion>(std::move(*loaded), now());
  table_.unload_beyond(options_.memory_bytes, result->manifest->memory_bytes(), state.get());
  co_return result;
}

async::Task<bool> ManifestCache::Core::exists(std::string ns) {
  const objectstore::RequestOptions options{.purpose = objectstore::Purpose::manifest, .deadline = deadline()};
  const auto head = co_await parts_.store.head({.key = manifest::head_key(ns)}, options);
  if (head) co_return true;
  if (head.error().code == ErrorCode::not_found) co_return false;
  co_return std::unexpected(head.error());
}

NamespaceStatus ManifestCache::Core::describe(NamespaceState& state) const {
  NamespaceStatus status{.ns = *state.ns, .degraded = {}};
  if (const Version current = state.current.get()) {
    status.version = current->manifest->version();
    status.files = current->manifest->file_count();
    status.bytes = current->manifest->total_bytes();
    status.created_at = current->manifest->header().created_at;
  }
  MutexLock lock(state.mutex);
  if (state.problem) status.degraded = state.problem->message;
  return status;
}

async::Task<NamespaceStatus> ManifestCache::Core::status(std::string ns, env::TimePoint deadline) {
  const auto loaded = co_await get(ns, std::nullopt, deadline);
  if (!loaded) co_return std::unexpected(loaded.error());
  const State state = table_.find(ns);
  if (!state) co_return fail(ErrorCode::no_such_namespace, fmt::format("there is no namespace {}", ns));
  co_return describe(*state);
}

async::Task<std::vector<NamespaceStatus>> ManifestCache::Core::namespaces(env::TimePoint deadline) {
  const auto names = co_await list_.get(parts_.store, parts_.timers.clock(), options_.ttl, deadline);
  std::vector<NamespaceStatus> statuses;
  if (!names) {
    // The store is away: what is loaded is still known.
    for (const State& state : table_.all()) statuses.push_back(describe(*state));
    if (statuses.empty())
      co_return std::unexpected(manifest_error(names.error(), "listing namespaces", names.error().code));
    co_return statuses;
  }
  for (const std::string& name : *names) {
    const State state = table_.find(name);
    statuses.push_back(state ? describe(*state) : NamespaceStatus{.ns = name, .degraded = {}});
  }
  co_return statuses;
}

void ManifestCache::Core::check_store() {
  if (loads_.begin()) async::spawn(parts_.background.executor(), probe());
}

ManifestCache::Core::Coroutine ManifestCache::Core::probe() {
  const auto self = shared_from_this();
  using Time = std::chrono::system_clock::time_point;
  const auto last = co_await async::run_on<Time>(
      parts_.pool, [this]() -> Result<Time> { return disk_.last_read().value_or(Time::max()); });
  if (const auto age = age_of(last.value_or(Time::max())); age && *age < options_.ttl) {
    loads_.end();
    co_return;
  }
  const auto names = co_await list_.get(parts_.store, parts_.timers.clock(), options_.ttl, deadline());
  if (!names) {
    const Error error = manifest_error(names.error(), parts_.store.description(), names.error().code);
    health_.failed(error);
    parts_.log.warning("the object store does not answer; what is cached is served",
                       {{"code", to_string(error.code)}, {"error", error.message}});
  }
  loads_.end();
}

std::vector<std::string> ManifestCache::Core::degraded() const {
  std::vector<std::string> sentences;
  if (const auto problem = health_.problem()) sentences.push_back("object store: " + *problem);
  for (const State& state : table_.all()) {
    const NamespaceStatus status = describe(*state);
    if (status.degraded) sentences.push_back(fmt::format("namespace {}: {}", status.ns, *status.degraded));
  }
  return sentences;
}

ManifestCache::ManifestCache(ManifestCacheParts parts, ManifestCacheOptions options)
    : core_(std::make_shared<Core>(parts, std::move(options))) {}

ManifestCache::~ManifestCache() { core_->shutdown(); }

std::optional<Result<VersionRef>> ManifestCache::try_get(std::string_view ns, std::optional<std::uint64_t> version) {
  return core_->try_get(ns, version);
}

async::Task<VersionRef> ManifestCache::get(std::string ns, std::optional<std::uint64_t> version,
                                           env::TimePoint deadline) {
  return core_->get(std::move(ns), version, deadline);
}

async::Task<bool> ManifestCache::reload(std::string ns, std::uint64_t stale, env::TimePoint deadline) {
  return core_->reload(std::move(ns), stale, deadline);
}

async::Task<std::vector<NamespaceStatus>> ManifestCache::namespaces(env::TimePoint deadline) {
  return core_->namespaces(deadline);
}

async::Task<NamespaceStatus> ManifestCache::status(std::string ns, env::TimePoint deadline) {
  return core_->status(std::move(ns), deadline);
}

std::vector<std::string> ManifestCache::degraded() const { return core_->degraded(); }

void ManifestCache::check_store() { core_->check_store(); }

void ManifestCache::shutdown() { core_->shutdown(); }

}  // namespace seekfs::reader
