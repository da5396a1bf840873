// Keeping HEAD fresh: from the local copy first, then from the store, one request however many wait.
#include <algorithm>
#include <utility>

#include "manifest/layout.h"
#include "reader/manifest_cache_core.h"

namespace seekfs::reader {
namespace {

constexpr std::uint64_t head_limit = 64;

}  // namespace

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

/// A publisher replaces objects in place first and moves HEAD afterwards, so readers learn of the object before its
/// version is due.
async::Task<bool> ManifestCache::Core::reload(std::string ns, std::uint64_t stale, env::TimePoint deadline) {
  const State state = table_.find(ns);
  if (!state) co_return false;
  const auto has_another = [&] {
    const Version current = state->current.get();
    return current && current->manifest->version() != stale;
  };
  if (has_another()) co_return true;
  const async::Promise<void> refreshed;
  bool joins = false;
  bool starts = false;
  {
    MutexLock lock(state->mutex);
    joins = state->refreshing;
    starts = !joins && now() >= state->next_reload;
    if (joins) state->refresh_waiters.push_back(refreshed);
    if (starts) state->next_reload = now() + options_.ttl;
  }
  if (starts) start_refresh(state, refreshed);
  if (joins || starts) {
    [[maybe_unused]] const Status known = co_await refreshed.wait_until(
        parts_.timers, std::min(deadline, now() + options_.stale_wait), "reading HEAD of namespace " + ns);
  }
  co_return has_another();
}

/// Reads HEAD and loads the version that it names, unless that is the current one, and keeps both on local disk.
async::Task<ManifestCache::Core::Refreshed> ManifestCache::Core::refresh_once(State state) {
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
async::Task<ManifestCache::Core::Refreshed> ManifestCache::Core::take_local(State state) {
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

}  // namespace seekfs::reader
