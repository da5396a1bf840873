// Copy-on-write of the visible names; unloading by time of last use.
#include "reader/namespace_table.h"

#include <algorithm>

namespace seekfs::reader {
namespace {

constexpr std::size_t max_labelled_namespaces = 1000;

}  // namespace

std::shared_ptr<NamespaceState> NamespaceTable::find(std::string_view ns) const {
  const auto names = visible_.get();
  if (!names) return nullptr;
  const auto found = names->find(ns);
  return found == names->end() ? nullptr : found->second;
}

std::shared_ptr<NamespaceState> NamespaceTable::find_or_add(const std::string& ns) {
  MutexLock lock(mutex_);
  auto& state = known_[ns];
  if (!state) state = std::make_shared<NamespaceState>(ns);
  return state;
}

void NamespaceTable::publish(const std::shared_ptr<NamespaceState>& state) {
  MutexLock lock(mutex_);
  const auto before = visible_.get();
  if (before) {
    // Another state of this name, which was forgotten while it was being loaded, may have come first: that one stays.
    const auto visible = before->find(*state->ns);
    if (visible != before->end()) {
      known_[*state->ns] = visible->second;
      return;
    }
  }
  known_[*state->ns] = state;
  auto names = before ? std::make_shared<Names>(*before) : std::make_shared<Names>();
  names->emplace(*state->ns, state);
  visible_.set(std::move(names));
}

void NamespaceTable::forget_if_empty(const std::shared_ptr<NamespaceState>& state) {
  MutexLock lock(mutex_);
  const auto names = visible_.get();
  if (names && names->contains(*state->ns)) return;
  {
    MutexLock state_lock(state->mutex);  // lock order: the table, then a state
    if (state->refreshing || !state->loading.empty()) return;
  }
  known_.erase(*state->ns);
}

void NamespaceTable::pin(const std::shared_ptr<NamespaceState>& state, std::shared_ptr<const LoadedVersion> version) {
  {
    MutexLock lock(mutex_);
    const auto before = state->pinned.get();
    auto versions = before ? std::make_shared<VersionMap>(*before) : std::make_shared<VersionMap>();
    (*versions)[version->manifest->version()] = std::move(version);
    state->pinned.set(std::move(versions));
  }
  publish(state);
}

void NamespaceTable::refreshed(const NamespaceState& state) {
  const auto current = state.current.get();
  if (!current) return;
  {
    MutexLock lock(mutex_);
    if (!labelled_.contains(*state.ns)) {
      if (labelled_.size() == max_labelled_namespaces) return;
      labelled_.insert(*state.ns);
    }
  }
  const Labels labels = {{"ns", *state.ns}};
  metrics_.gauge("seekfs_manifest_version", "The version of each namespace that is served.", labels)
      .set(static_cast<std::int64_t>(current->manifest->version()));
  const auto age = clock_.now() - env::TimePoint(env::Duration(state.head_checked.load(std::memory_order_relaxed)));
  const auto read_at = clock_.wall_now() - std::chrono::duration_cast<std::chrono::system_clock::duration>(age);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(read_at.time_since_epoch());
  metrics_.gauge("seekfs_manifest_last_success_timestamp_seconds", "When HEAD of each namespace was last read.", labels)
      .set(seconds.count());
}

std::vector<std::shared_ptr<NamespaceState>> NamespaceTable::all() const {
  std::vector<std::shared_ptr<NamespaceState>> states;
  if (const auto names = visible_.get()) {
    for (const auto& [name, state] : *names) states.push_back(state);
  }
  return states;
}

std::vector<NamespaceTable::Candidate> NamespaceTable::loaded() const {
  std::vector<Candidate> candidates;
  const auto add = [&candidates](const auto& state, const std::shared_ptr<const LoadedVersion>& version, bool current) {
    candidates.push_back({state, version, current, version->last_used.load(std::memory_order_relaxed)});
  };
  for (const auto& state : all()) {
    if (const auto current = state->current.get()) add(state, current, true);
    if (const auto pinned = state->pinned.get()) {
      for (const auto& [number, version] : *pinned) add(state, version, false);
    }
  }
  std::ranges::sort(candidates, {}, &Candidate::last_used);
  return candidates;
}

void NamespaceTable::unload(const Candidate& candidate) {
  MutexLock lock(mutex_);
  if (candidate.current) {
    candidate.state->current.set(nullptr);
    MutexLock state_lock(candidate.state->mutex);  // lock order: the table, then a state
    candidate.state->tried_local = false;
    return;
  }
  const auto pinned = candidate.state->pinned.get();
  if (!pinned) return;
  auto versions = std::make_shared<VersionMap>(*pinned);
  versions->erase(candidate.version->manifest->version());
  candidate.state->pinned.set(std::move(versions));
}

void NamespaceTable::unload_beyond(std::uint64_t limit, std::uint64_t incoming, const NamespaceState* busy) {
  const auto candidates = loaded();
  std::uint64_t total = incoming;
  for (const Candidate& each : candidates) total += each.version->manifest->memory_bytes();
  for (const Candidate& each : candidates) {
    if (total <= limit) return;
    if (each.state.get() == busy && each.current) continue;
    total -= each.version->manifest->memory_bytes();
    unload(each);
  }
}

std::size_t NamespaceTable::unload_oldest(std::size_t count, const NamespaceState* busy) {
  std::size_t unloaded = 0;
  for (const Candidate& each : loaded()) {
    if (unloaded == count) break;
    if (each.state.get() == busy && each.current) continue;
    unload(each);
    ++unloaded;
  }
  return unloaded;
}

}  // namespace seekfs::reader
