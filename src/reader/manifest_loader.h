// One version of one namespace from the local copy or the object store into its compact form, every check included.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/thread_pool.h"
#include "cache/memory_budget.h"
#include "manifest/compact.h"
#include "objectstore/object_store.h"
#include "reader/manifest_disk_cache.h"

namespace seekfs::reader {

/// Thread-safe. All references outlive it and what it loads.
class ManifestLoader {
 public:
  ManifestLoader(objectstore::ObjectStore& store, ManifestDiskCache& disk, async::ThreadPool& pool,
                 cache::MemoryBudget& memory, manifest::ReadLimits limits);

  using Loaded = std::shared_ptr<const manifest::CompactManifest>;

  /// The local copy if there is a good one, else the store's object, which is then copied. The memory of the result is
  /// reserved in the budget until the last reference has gone. Errors: no_such_version, unsupported_manifest (refused,
  /// or its SHA-256 is not the one in its info), origin_unavailable, origin_denied, throttled, timeout, exhausted.
  async::Task<Loaded> load(std::string ns, std::uint64_t version, env::TimePoint deadline);
  /// Only the local copy: not_found when there is none.
  async::Task<Loaded> load_local(std::string ns, std::uint64_t version);

 private:
  Result<Loaded> parse(const std::string& ns, std::uint64_t version, const std::string& object) const;
  struct Fetched {
    std::string object;
    std::optional<std::string> sha256;  ///< what its info says it must be; data sets of other tools may have no info
  };
  async::Task<Fetched> fetch(std::string ns, std::uint64_t version, env::TimePoint deadline);
  Result<Loaded> accept(const std::string& ns, std::uint64_t version, const Fetched& fetched);

  objectstore::ObjectStore& store_;
  ManifestDiskCache& disk_;
  async::ThreadPool& pool_;
  cache::MemoryBudget& memory_;
  const manifest::ReadLimits limits_;
};

/// What a store's error means to someone who asked for a version; `what` is e.g. "HEAD of namespace demo".
Error manifest_error(const Error& from_store, const std::string& what, ErrorCode when_absent);

}  // namespace seekfs::reader
