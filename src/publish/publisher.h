// Publishing: makes the next version of a namespace from a directory, a file, or objects that are in the store already.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "publish/parts.h"

namespace seekfs::publish {

enum class SymlinkPolicy : std::uint8_t {
  follow,  ///< links that stay inside SRC are followed; one that leads outside, dangles or makes a cycle is refused
  skip,    ///< counted
  fail,    ///< any link is refused by name
};

enum class BadKeys : std::uint8_t { fail, skip };

enum class Layout : std::uint8_t {
  objects,  ///< namespaces/{ns}/objects/{hex[0:2]}/{hex}
  files,    ///< the older form, namespaces/{ns}/files/{path}/v-{hex}
};

/// A directory, whose files are published under their paths relative to it, or one file, published under its name.
struct LocalSource {
  std::string path;
  SymlinkPolicy symlinks = SymlinkPolicy::follow;
};

/// Objects of the store, adopted where they lie: the object `prefix` itself, published under its last segment, or all
/// below `prefix` taken as a folder ("" is the whole store). SeekFS's own keys are left out.
struct StoreSource {
  std::string prefix;
  BadKeys bad_keys = BadKeys::fail;
};

/// None: only deletions.
using Source = std::variant<std::monostate, LocalSource, StoreSource>;

/// How many files of the parent one publish may drop: a number, or a share of the parent's files rounded up.
struct MaxDelete {
  std::optional<std::uint64_t> files;
  double percent = 10;

  std::uint64_t allowed(std::uint64_t parent_files) const;
};
/// "25" or "12.5%", 0 to 100 %; bad_request with the accepted forms on anything else.
Result<MaxDelete> parse_max_delete(std::string_view text);

struct PublishRequest {
  std::string ns;
  Source source;
  /// Globs as publish/glob.h defines them, on the published path. An exclude wins over an include.
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  bool replace = false;                     ///< SRC becomes the whole version
  std::vector<std::string> delete_paths;    ///< files to drop; one that the parent lacks is reported, no error
  std::vector<std::string> delete_missing;  ///< folders ("" is all) in which files that SRC lacks are dropped, except
                                            ///< those that include and exclude leave out
  MaxDelete max_delete;
  std::string message;
  bool dry_run = false;                    ///< reads and hashes, writes nothing to the store
  bool checksum = false;                   ///< read every source, and ask the store for every object that is reused
  std::optional<std::uint32_t> page_size;  ///< of new content; a power of two from 64 KiB to 64 MiB
  Layout layout = Layout::objects;
  std::optional<std::uint64_t> if_parent;  ///< conflict unless HEAD is this version (0: unless there is no HEAD)
  bool unsafe_no_conditional_put = false;  ///< for a store that ignores conditions: checks before and after instead
  std::string hash_cache_path;             ///< empty: no cache
  std::chrono::milliseconds gc_min_age = std::chrono::hours(24 * 7);  ///< the --min-age that gc runs with
};

/// What was left out of the source, and why.
struct SkippedFiles {
  std::uint64_t special = 0;               ///< devices, sockets, fifos
  std::uint64_t symlinks = 0;              ///< with SymlinkPolicy::skip
  std::uint64_t filtered = 0;              ///< by include and exclude; a folder left out as a whole counts once
  std::uint64_t own_keys = 0;              ///< SeekFS's own objects, when adopting
  std::uint64_t bad_keys = 0;              ///< with BadKeys::skip
  std::vector<std::string> bad_key_names;  ///< the first of them, at most max_named, unprintable bytes escaped
};
inline constexpr std::size_t max_named = 10;

struct PublishReport {
  std::optional<std::uint64_t> parent;  ///< of the version that was made, or HEAD when none was
  /// The new version; nothing when the parent holds all of it already, and in a dry run.
  std::optional<std::uint64_t> version;
  bool dry_run = false;
  std::uint64_t files = 0;  ///< of the whole version
  std::uint64_t bytes = 0;
  std::uint64_t added = 0;  ///< against the parent
  std::uint64_t changed = 0;
  std::uint64_t removed = 0;
  std::uint64_t source_files = 0;
  std::uint64_t source_bytes = 0;
  std::uint64_t hashed_files = 0;  ///< read to know their hash; the others were known not to have changed
  std::uint64_t hashed_bytes = 0;
  std::uint64_t uploaded_objects = 0;  ///< in a dry run: what would be uploaded
  std::uint64_t uploaded_bytes = 0;
  std::uint64_t reused_files = 0;  ///< source files whose content the store held already
  std::uint64_t reused_bytes = 0;
  std::uint64_t merges = 0;  ///< how often HEAD had moved and the changes were applied anew
  std::vector<std::string> delete_not_found;
  SkippedFiles skipped;
};

enum class PublishPhase : std::uint8_t { scan, transfer, commit };

struct PublishProgress {
  PublishPhase phase = PublishPhase::scan;
  std::uint64_t files_done = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_done = 0;  ///< of the source: hashed, and uploaded where needed
  std::uint64_t bytes_total = 0;
  std::uint64_t uploaded_bytes = 0;
};

/// Told how far a publish is, after each file, each piece of a large object and at each change of phase. Called from
/// any thread, one at a time; must not block.
class PublishObserver {
 public:
  virtual ~PublishObserver() = default;
  virtual void on_progress(const PublishProgress& progress) = 0;
};
PublishObserver& null_publish_observer();

/// Stateless; may be used from several threads.
class Publisher {
 public:
  explicit Publisher(Parts parts) : parts_(parts) {}

  /// Blocks until the version is HEAD. Interrupted at any point, the same request completes later without uploading
  /// anything twice. Errors, with nothing changed that a reader could see: bad_request (request, page size, globs,
  /// --max-delete passed), invalid_path (names, several in one message), not_found (SRC), source_changed (a file that
  /// changed while being read), conflict (HEAD moved and the same path has other content, or `replace`, or `if_parent`;
  /// the message names the path; also a gc at work on objects that are needed again), unsupported_manifest and corrupt
  /// (the parent cannot be read), invalid (a key that the store cannot hold; a store that ignores conditions), and what
  /// the store says.
  Result<PublishReport> publish(const PublishRequest& request, PublishObserver& observer = null_publish_observer());

 private:
  Parts parts_;
};

}  // namespace seekfs::publish
