// The one way in for every door (HTTP, later a mount and an S3 front): names to files, ranges to verified bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/page.h"
#include "env/clock.h"
#include "manifest/compact.h"
#include "manifest/page_key.h"

namespace seekfs::reader {

/// One file of one version, pinned: its manifest stays loaded while a FileRef to it lives. Copies are cheap. Immutable.
class FileRef {
 public:
  FileRef() = default;
  FileRef(std::shared_ptr<const std::string> ns, std::shared_ptr<const manifest::CompactManifest> manifest,
          manifest::FileIndex index)
      : ns_(std::move(ns)), manifest_(std::move(manifest)), index_(index) {}

  const std::string& ns() const noexcept { return *ns_; }
  const manifest::CompactManifest& manifest() const noexcept { return *manifest_; }
  manifest::FileIndex index() const noexcept { return index_; }
  std::uint64_t version() const noexcept { return manifest_->version(); }
  std::uint64_t size() const { return manifest_->size(index_); }
  std::optional<std::int64_t> mtime() const { return manifest_->mtime(index_); }

 private:
  std::shared_ptr<const std::string> ns_;
  std::shared_ptr<const manifest::CompactManifest> manifest_;
  manifest::FileIndex index_ = 0;
};

/// All files of one version, pinned.
struct VersionRef {
  std::shared_ptr<const std::string> ns;
  std::shared_ptr<const manifest::CompactManifest> manifest;
};

/// A byte range of an open file. off + len ≤ file.size(); the caller has checked that.
struct ReadItem {
  FileRef file;
  std::uint64_t off = 0;
  std::uint64_t len = 0;
};

/// The next bytes of a stream: bytes of item `item`, in order. An empty `slice.page` means that the stream has ended.
struct Piece {
  std::size_t item = 0;
  PageSlice slice;
};

/// The bytes of several ranges, in their order, while their pages are fetched in parallel ahead of the reader within
/// the memory budget. Belongs to one coroutine; destroying it withdraws its interest in pages that are not there yet.
class ReadStream {
 public:
  virtual ~ReadStream() = default;
  /// Waits for the next piece. An Error concerns the item at failed_item(): origin_unavailable, origin_denied,
  /// origin_corrupt, source_changed, throttled, timeout, exhausted. After one, skip_item() makes next() go on with the
  /// item behind it; nothing else is allowed but destruction.
  /// It may wait for memory, so whoever calls it has sent, and let go of, all earlier pieces.
  virtual async::Task<Piece> next() = 0;
  /// The next piece if it is there already (the end included); nothing when next() would have to wait.
  virtual std::optional<Result<Piece>> try_next() = 0;
  virtual std::size_t failed_item() const = 0;
  virtual void skip_item() = 0;
};

struct NamespaceStatus {
  std::string ns;
  std::uint64_t version = 0;  ///< the newest good one; 0: none loaded yet
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::int64_t created_at = 0;
  std::optional<std::string> degraded;  ///< why the newest published version is not served, or HEAD could not be read
};

/// Thread-safe. What it returns may be used on any thread.
class ReadService {
 public:
  virtual ~ReadService() = default;

  /// Opens without waiting when the manifest is loaded and HEAD is fresh enough; nothing when open() must be asked.
  /// Does not allocate on success. Errors: bad_request (namespace), invalid_path, not_found, no_such_namespace,
  /// no_such_version.
  virtual std::optional<Result<FileRef>> try_open(std::string_view ns, std::string_view path,
                                                  std::optional<std::uint64_t> version) = 0;
  /// Errors: those of try_open and origin_unavailable, origin_denied, unsupported_manifest, timeout, exhausted.
  virtual async::Task<FileRef> open(std::string ns, std::string path, std::optional<std::uint64_t> version,
                                    env::TimePoint deadline) = 0;
  /// A whole version, for listings and for opening many files of one version.
  virtual std::optional<Result<VersionRef>> try_open_version(std::string_view ns,
                                                             std::optional<std::uint64_t> version) = 0;
  virtual async::Task<VersionRef> open_version(std::string ns, std::optional<std::uint64_t> version,
                                               env::TimePoint deadline) = 0;

  /// For an unpinned read of version `stale` that ended in source_changed: reads HEAD again, for this reason at most
  /// once a manifest TTL, one request however many wait. True when the newest version is another one now, in which the
  /// object may be the one that is there; false also when HEAD cannot be read.
  virtual async::Task<bool> reload(std::string ns, std::uint64_t stale, env::TimePoint deadline) = 0;

  /// Fills `out` with the slices of [off, off+len) when every page of it is in L1, and returns their number; 0 when one
  /// is not, when `out` is too small or when len is 0; then `out` holds no page. A plain function: no wait, no
  /// allocation. off+len ≤ size.
  virtual std::size_t try_read(const FileRef& file, std::uint64_t off, std::uint64_t len, std::span<PageSlice> out) = 0;

  /// Each wait of the stream for a page lasts ReadServiceOptions::wait at most; a long reply as a whole has no
  /// deadline.
  virtual std::unique_ptr<ReadStream> read(std::vector<ReadItem> items) = 0;

  /// Namespaces known in the store; asks the store when the list is older than the manifest TTL.
  virtual async::Task<std::vector<NamespaceStatus>> namespaces(env::TimePoint deadline) = 0;
  virtual async::Task<NamespaceStatus> namespace_status(std::string ns, env::TimePoint deadline) = 0;

  /// What is degraded right now, one sentence each; for /readyz. Never waits.
  virtual std::vector<std::string> degraded() const = 0;
};

/// How long one wait for a page or a manifest may last before it is a `timeout`.
inline constexpr std::chrono::seconds default_wait{60};

/// Finds a file in a pinned version: invalid_path or not_found.
Result<FileRef> find_file(const VersionRef& version, std::string_view path);

}  // namespace seekfs::reader
