// Refreshing HEAD, loading versions once however many wait, and unloading what was unused longest.
#include "reader/manifest_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/running_tasks.h"
#include "manifest/layout.h"
#include "manifest/path.h"
#include "reader/manifest_disk_cache.h"
#include "reader/manifest_loader.h"
#include "reader/namespace_list.h"
#include "reader/namespace_state.h"
#include "reader/namespace_table.h"
#include "reader/store_health.h"

namespace seekfs::reader {
namespace {

constexpr std::uint64_t head_limit = 64;
constexpr int stale_factor = 10;

/// How a refresh ended that did not fail.
enum class Refreshed : std::uint8_t {
  asked,    ///< HEAD was read
  not_due,  ///< the local copy of it is young enough
};

env::TimePoint time_of(const std::atomic<env::TimePoint::rep>& rep) {
  return env::TimePoint(env::Duration(rep.load(std::memory_order_relaxed)));
}

}  // namespace

using State = std::shared_ptr<NamespaceState>;
using Version = std::shared_ptr<const LoadedVersion>;

class ManifestCache::Core : public std::enable_shared_from_this<Core> {
 public:
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

/// Sees to it that a refresh is running; `waiter` is told when it has ended.
void ManifestCache::Core::start_refresh(const State& state, std::optional<async::Promise<void>> waiter) {
  {
    MutexLock lock(state->mutex);
    if (waiter) state->refresh_waiters.push_back(*waiter);
    if (std::exchange(state->refreshing, true)) return;
  }
  if (loads_.begin()) {
    async::spawn(parts_.background.executor(), refresh(state));
    return;
  }
  std::vector<async::Promise<void>> waiters;
  {
    MutexLock lock(state->mutex);
    state->refreshing = false;
    waiters = std::exchange(state->refresh_waiters, {});
  }
  for (const auto& each : waiters) each.set(fail(ErrorCode::cancelled, "the daemon is shutting down"));
}

ManifestCache::Core::Coroutine ManifestCache::Core::refresh(State state) {
  const auto self = shared_from_this();
  const Result<Refreshed> outcome = co_await refresh_once(state);
  const Status status = outcome ? Status() : std::unexpected(outcome.error());
  if (!outcome) {
    health_.failed(outcome.error());
  } else if (*outcome == Refreshed::asked) {
    health_.answered();
  }
  if (!outcome || *outcome == Refreshed::asked) {
    const auto jitter = env::Duration(static_cast<env::Duration::rep>(
        parts_.random.below(static_cast<std::uint64_t>(env::Duration(options_.ttl).count() / 10 + 1))));
    state->next_check = (now() + options_.ttl + jitter).time_since_epoch().count();
  }
  if (outcome) {
    if (*outcome == Refreshed::asked) state->head_checked = now().time_since_epoch().count();
    table_.refreshed(*state);
  } else if (state->current.get()) {
    refresh_failures_.add();
    parts_.log.warning(
        "a namespace could not be refreshed; its last good version is served",
        {{"ns", *state->ns}, {"code", to_string(status.error().code)}, {"error", status.error().message}});
  }
  std::vector<async::Promise<void>> waiters;
  {
    MutexLock lock(state->mutex);
    state->problem = status ? std::nullopt : std::optional(status.error());
    state->refreshing = false;
    waiters = std::exchange(state->refresh_waiters, {});
  }
  if (!state->current.get()) table_.forget_if_empty(state);
  for (const auto& waiter : waiters) waiter.set(status);
  loads_.end();
}

/// Reads HEAD and loads the version that it names, unless that is the current one, and keeps both on local disk.
async::Task<Refreshed> ManifestCache::Core::refresh_once(State state) {
  if (co_await take_local(state) == Refreshed::not_due) co_return Refreshed::not_due;
  const auto asked_at = parts_.timers.clock().wall_now();
  const objectstore::RequestOptions options{.purpose = objectstore::Purpose::manifest, .deadline = deadline()};
  const std::string what = "HEAD of namespace " + *state->ns;
  auto head =
      co_await objectstore::get_small(parts_.store, {.key = manifest::head_key(*state->ns)}, head_limit, options);
  if (!head) co_return std::unexpected(manifest_error(head.error(), what, ErrorCode::no_such_namespace));
  const auto version = manifest::parse_head(head->body);
  if (!version) co_return std::unexpected(manifest_error(version.error(), what, ErrorCode::no_such_namespace));
  const Version current = state->current.get();
  if (!current || current->manifest->version() != *version) SEEKFS_CO_TRY(co_await install(state, *version));
  const KeptHead kept{.version = *version, .read_at = asked_at};
  SEEKFS_CO_TRY(co_await async::run_on<void>(parts_.pool, [this, state, kept]() -> Status {
    disk_.keep_head(*state->ns, kept);
    return {};
  }));
  co_return Refreshed::asked;
}

/// How long ago that was; nothing when a clock that was set back makes it a time to come.
std::optional<env::Duration> ManifestCache::Core::age_of(std::chrono::system_clock::time_point read_at) const {
  const auto wall = parts_.timers.clock().wall_now();
  if (read_at > wall) return std::nullopt;
  return std::chrono::duration_cast<env::Duration>(wall - read_at);
}

/// Once in a namespace's life: what a former run of the daemon left on local disk is served until HEAD says otherwise.
/// HEAD is not due before the ttl is over that began when that run read it.
async::Task<Refreshed> ManifestCache::Core::take_local(State state) {
  {
    MutexLock lock(state->mutex);
    if (std::exchange(state->tried_local, true)) co_return Refreshed::asked;
  }
  const auto kept = co_await async::run_on<KeptHead>(parts_.pool, [this, state]() -> Result<KeptHead> {
    const auto found = disk_.head(*state->ns);
    if (!found) return fail(ErrorCode::not_found, "no local copy of HEAD");
    return *found;
  });
  if (!kept) co_return Refreshed::asked;
  const auto loaded = co_await loader_.load_local(*state->ns, kept->version);
  if (!loaded) co_return Refreshed::asked;
  const auto age = age_of(kept->read_at);
  if (age && *age < options_.ttl) {
    make_current(state, *loaded, now() - *age);
    co_return Refreshed::not_due;
  }
  make_current(state, *loaded, now());
  // Whoever waits need not wait for the origin: there is a good version.
  std::vector<async::Promise<void>> waiters;
  {
    MutexLock lock(state->mutex);
    waiters = std::exchange(state->refresh_waiters, {});
  }
  for (const auto& waiter : waiters) waiter.set(Status{});
  co_return Refreshed::asked;
}

async::Task<void> ManifestCache::Core::install(State state, std::uint64_t version) {
  const auto loaded = co_await load_version(state, version);
  if (!loaded) {
    Error error = loaded.error();
    // HEAD names a version whose manifest is gone: the store is at fault, not the reader's request.
    if (error.code == ErrorCode::no_such_version) error.code = ErrorCode::unsupported_manifest;
    co_return std::unexpected(std::move(error));
  }
  make_current(state, (*loaded)->manifest, now());
  co_return Status{};
}

/// `head_read` is when HEAD named the version: it is due again a ttl later.
void ManifestCache::Core::make_current(const State& state, ManifestLoader::Loaded loaded, env::TimePoint head_read) {
  const Version former = state->current.get();
  state->head_checked = head_read.time_since_epoch().count();
  state->next_check = (head_read + options_.ttl).time_since_epoch().count();
  const auto version = loaded->version();
  state->current.set(std::make_shared<const LoadedVersion>(std::move(loaded), now()));
  table_.publish(state);
  if (former && former->manifest->version() == version) return;
  parts_.log.info("a namespace has a new version", {{"ns", *state->ns}, {"version", version}});
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
async::Task<Version> ManifestCache::Core::load_version(State state, std::uint64_t version) {
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
