// All namespaces of a daemon: looked up on every hit without a common lock, and the manifests that are loaded in them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/mutex.h"
#include "env/clock.h"
#include "reader/namespace_state.h"

namespace seekfs::reader {

/// Thread-safe.
class NamespaceTable {
 public:
  /// `metrics` and `clock` outlive it. Measures seekfs_manifest_version{ns} and
  /// seekfs_manifest_last_success_timestamp_seconds{ns} for the first 1,000 namespaces that exist.
  NamespaceTable(MetricsRegistry& metrics, const env::Clock& clock) : metrics_(metrics), clock_(clock) {}

  /// A namespace that has a version loaded; null otherwise. Allocates nothing.
  std::shared_ptr<NamespaceState> find(std::string_view ns) const;
  /// Also one that is being loaded for the first time.
  std::shared_ptr<NamespaceState> find_or_add(const std::string& ns);
  /// Makes the state visible to find(), since it has a version now.
  void publish(const std::shared_ptr<NamespaceState>& state);
  /// Drops a state that nothing could be loaded into and nobody waits for: names that clients make up take no memory.
  void forget_if_empty(const std::shared_ptr<NamespaceState>& state);
  /// Keeps a version that was asked for by number, and makes the state visible.
  void pin(const std::shared_ptr<NamespaceState>& state, std::shared_ptr<const LoadedVersion> version);
  void refreshed(const NamespaceState& state);
  std::vector<std::shared_ptr<NamespaceState>> all() const;

  /// Unloads versions unused longest until those that are left, and `incoming` bytes, take at most `limit`; `busy`
  /// keeps its current one. What readers still hold is freed when they let go.
  void unload_beyond(std::uint64_t limit, std::uint64_t incoming, const NamespaceState* busy);
  /// Unloads the versions unused longest, `count` at most; how many there were.
  std::size_t unload_oldest(std::size_t count, const NamespaceState* busy);

 private:
  using Names = std::map<std::string, std::shared_ptr<NamespaceState>, std::less<>>;
  struct Candidate {
    std::shared_ptr<NamespaceState> state;
    std::shared_ptr<const LoadedVersion> version;
    bool current = false;
    env::TimePoint::rep last_used = 0;  ///< read once: readers go on touching the version while candidates are sorted
  };
  std::vector<Candidate> loaded() const;
  void unload(const Candidate& candidate);

  MetricsRegistry& metrics_;
  const env::Clock& clock_;
  SlotShared<const Names> visible_;
  mutable Mutex mutex_;
  Names known_ SEEKFS_GUARDED_BY(mutex_);
  std::set<std::string> labelled_ SEEKFS_GUARDED_BY(mutex_);  ///< namespaces that have metrics of their own
};

}  // namespace seekfs::reader
