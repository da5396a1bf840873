// Which files of the parent a publish drops.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "publish/glob.h"
#include "publish/publisher.h"
#include "publish/snapshot.h"
#include "publish/source_scan.h"

namespace seekfs::publish {

struct Deletions {
  std::set<std::string> paths;         ///< of the parent
  std::vector<std::string> not_found;  ///< asked for by name, not in the parent
};

/// bad_request when a path is to be deleted and published at once, and when more would go than --max-delete allows.
Result<Deletions> plan_deletions(const PublishRequest& request, const PathFilter& filter, const SourceList& source,
                                 const Snapshot& parent);

}  // namespace seekfs::publish
