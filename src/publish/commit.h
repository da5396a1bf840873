// From a set of changes to a version that is HEAD, whatever others publish meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "publish/change_set.h"
#include "publish/publisher.h"
#include "publish/snapshot.h"

namespace seekfs::publish {

struct Committed {
  std::optional<std::uint64_t> version;  ///< nothing: others had published all of it already
  std::optional<std::uint64_t> parent;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  ChangeCounts counts;
  std::uint64_t merges = 0;
};

/// Places anew those puts that relied on an object which only the former parent references.
using Rehome = std::function<Status(ChangeSet& changes, const Snapshot& current)>;

/// What a commit is for.
struct CommitRequest {
  const PublishRequest& request;
  env::TimePoint started;  ///< of the whole publish: content that it placed is safe from gc for a time from there
  Rehome rehome;
};

/// `changes` were made against `base` and are effective there. Errors as Publisher::publish().
Result<Committed> commit(const Parts& parts, const CommitRequest& commit, ChangeSet changes, Snapshot base);

}  // namespace seekfs::publish
