// Published files as ls, stat, cat and get see them: through the daemon, or straight from the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "cli/json_read.h"
#include "publish/parts.h"

namespace seekfs::cli {

class DaemonClient;

/// Which file of which version.
struct FileName {
  std::string ns;
  std::string path;
  std::optional<std::uint64_t> version;  ///< nothing: HEAD
};

struct FileFacts {
  std::uint64_t version = 0;
  std::uint64_t size = 0;
  std::string hash_hex;  ///< SHA-256, 64 digits; empty when the file was published with another algorithm
  std::optional<std::int64_t> mtime;
  std::string key;          ///< of the object; only from the store
  std::uint64_t pages = 0;  ///< only from the store
};

/// Gets the bytes of a file in order; its Error ends the read.
using ByteReceiver = std::function<Status(std::span<const std::byte>)>;
using ListReceiver = std::function<Status(const ListedFile&)>;

/// One thread at a time. Errors: not_found, no_such_namespace, no_such_version, and what stands in the way.
class DataSource {
 public:
  virtual ~DataSource() = default;
  /// Entries whose path starts with `prefix`, in order of path; with `folders`, what lies below the next "/" is one
  /// entry. Returns the version that was listed.
  virtual Result<std::uint64_t> list(const FileName& prefix, bool folders, const ListReceiver& receive) = 0;
  virtual Result<FileFacts> stat(const FileName& file) = 0;
  /// Bytes [off, off+len), cut at the file's end, each verified against the manifest before it is handed on.
  virtual Result<FileFacts> read(const FileName& file, std::uint64_t off, std::optional<std::uint64_t> len,
                                 const ByteReceiver& receive) = 0;
};

/// `client` outlives it.
std::unique_ptr<DataSource> make_daemon_source(DaemonClient& client);
/// Loads a version's manifest once and keeps it. What `parts` names outlives it.
std::unique_ptr<DataSource> make_store_source(publish::Parts parts);

}  // namespace seekfs::cli
