// The caches of a node as the cache commands see them: through the daemon, or the directories of a stopped one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cli/locator.h"
#include "l2/l2_admin.h"

namespace seekfs::cli {

class DaemonClient;
class Session;

struct TierFigures {
  std::uint64_t pages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t capacity_bytes = 0;
  std::uint64_t evicted_pages = 0;
};

struct CacheFigures {
  std::optional<TierFigures> l1;
  std::optional<TierFigures> l2;
  std::vector<l2::DiskStatus> disks;
};

/// A file of a version and how many of its bytes the tiers have.
struct CachedFile {
  std::string path;
  std::uint64_t size = 0;
  std::uint64_t l1_bytes = 0;
  std::uint64_t l2_bytes = 0;
};
using CachedFileReceiver = std::function<Status(const CachedFile&)>;

/// One thread at a time. Errors: those of the daemon; of directories: not_found (there is no cache), `invalid`,
/// `internal` (in use, or the disk failed).
class CacheAccess {
 public:
  virtual ~CacheAccess() = default;
  virtual Result<CacheFigures> stat() = 0;
  /// Every file of the version whose path starts with name.path, by path.
  virtual Status list(const PublishedName& name, const CachedFileReceiver& receive) = 0;
  /// Forgets a file, or with an empty path all files of the version.
  virtual Status drop(const PublishedName& name) = 0;
  virtual Status drop_all() = 0;
  virtual Result<l2::CheckReport> check() = 0;
  virtual Status compact() = 0;
};

/// `client` outlives it.
std::unique_ptr<CacheAccess> make_daemon_cache(DaemonClient& client);
/// What is to be done with caches that are opened directly: one that only looks evicts nothing, whatever the capacity.
enum class CachePurpose : std::uint8_t { look, change };
/// Opens the directories of the session's configuration, which no daemon may have open; `session` outlives it.
Result<std::unique_ptr<CacheAccess>> open_cache_directories(Session& session, CachePurpose purpose);

/// The daemon's replies as values; `corrupt` when the text is something else.
Result<CacheFigures> parse_cache_figures(std::string_view json);
struct CachedFilesText {
  std::uint64_t version = 0;
  std::vector<CachedFile> files;
  std::optional<std::string> next;  ///< the cursor of the next part
};
Result<CachedFilesText> parse_cached_files(std::string_view json);
Result<l2::CheckReport> parse_check_report(std::string_view json);

}  // namespace seekfs::cli
