// Copies of HEAD and manifests on local disk, so that a restarted daemon serves at once, origin or no origin.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/log.h"
#include "env/file.h"

namespace seekfs::reader {

/// What is known of a namespace's HEAD.
struct KeptHead {
  std::uint64_t version = 0;                      ///< the newest that was good when HEAD was read last
  std::chrono::system_clock::time_point read_at;  ///< when that was, by the wall clock of then
};

/// Directory: {root}/{16 hex of SHA-256 of the store's description}/{ns}/HEAD (the version, when it was read in
/// milliseconds since the Unix epoch, and the SHA-256 of these two lines) and v-N.manifest (the SHA-256 of the rest in
/// hex, a newline, and the object's bytes as they were in the store). Everything here may be lost or damaged at any
/// time: a copy whose hash differs is dropped. Failures to write are logged, once until a write succeeds. Thread-safe;
/// every call may block.
class ManifestDiskCache {
 public:
  /// An empty `root` keeps nothing. `files` and `log` outlive it.
  ManifestDiskCache(env::FileSystem& files, std::string root, const std::string& store_description, Logger& log);

  std::optional<KeptHead> head(const std::string& ns);
  /// When the youngest HEAD of all namespaces was read: the store answered then.
  std::optional<std::chrono::system_clock::time_point> last_read();
  /// The object's bytes, or nothing.
  std::optional<std::string> manifest(const std::string& ns, std::uint64_t version, std::uint64_t limit);
  void keep_manifest(const std::string& ns, std::uint64_t version, const std::string& object);
  /// Records the newest version and when it was read, and removes all but the newest few copies.
  void keep_head(const std::string& ns, const KeptHead& head);

 private:
  std::string directory_of(const std::string& ns) const { return root_ + "/" + ns; }
  void report(const Status& status);
  void remove_old(const std::string& ns, std::uint64_t newest);

  env::FileSystem& files_;
  std::string root_;
  Logger& log_;
  std::atomic<bool> failing_{false};
};

}  // namespace seekfs::reader
