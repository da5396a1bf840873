// A loaded manifest as the daemon keeps it: immutable, looked up by path, at most 8 bytes a page and a file's path plus
// 100 bytes. Measured by manifest_bench.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "manifest/codec.h"
#include "manifest/model.h"

namespace seekfs::manifest {

/// A file's number inside its CompactManifest, in path order.
using FileIndex = std::uint32_t;

/// Immutable; any number of threads may read. Look-ups do not allocate unless they return a std::string.
class CompactManifest {
 public:
  ~CompactManifest();
  const ManifestHeader& header() const noexcept;
  std::uint64_t version() const noexcept { return header().version; }
  /// A number that no other CompactManifest of this process has or had, never 0: names this one in caches that do not
  /// keep it alive.
  std::uint64_t instance() const noexcept { return instance_; }
  FileIndex file_count() const noexcept;
  std::uint64_t total_bytes() const noexcept;
  std::uint64_t page_count() const noexcept;
  /// What this object holds, in bytes, allocator overhead estimated.
  std::size_t memory_bytes() const noexcept;

  std::optional<FileIndex> find(std::string_view path) const;
  /// The first file whose path is not less than `path`; file_count() when there is none. For listings.
  FileIndex lower_bound(std::string_view path) const;
  /// Paths may be stored with shared prefixes: they are written to `out` (replaced).
  void path(FileIndex file, std::string& out) const;

  std::uint64_t size(FileIndex file) const;
  std::optional<std::int64_t> mtime(FileIndex file) const;
  /// The hash in lower-case hex without its algorithm, e.g. 64 digits for sha256.
  void hash_hex(FileIndex file, std::string& out) const;
  ContentHash hash(FileIndex file) const;
  Storage storage(FileIndex file) const;

  std::uint32_t page_count(FileIndex file) const;
  /// page_id < page_count(file).
  Page page(FileIndex file, std::uint32_t page_id) const;
  /// The page that holds byte `off` of the file; off < size(file). O(1) where all pages but the last have one size,
  /// else O(log pages).
  std::uint32_t page_at(FileIndex file, std::uint64_t off) const;

  /// The plain form of one file.
  FileEntry entry(FileIndex file) const;

 private:
  friend class CompactBuilder;
  struct State;
  explicit CompactManifest(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
  std::uint64_t instance_;
};

/// Loads gzip'd or plain JSON fed in pieces straight into the compact form, with every check of the format, cross-file
/// ones included. Files may come in any order. Errors as ManifestReader. `ns` is what keys that follow from the hash or
/// the path are rebuilt with.
class CompactLoader {
 public:
  CompactLoader(std::string ns, std::optional<std::uint64_t> expected_version, ReadLimits limits);
  ~CompactLoader();
  Status feed(std::span<const std::byte> piece);
  /// Bytes held so far; grows while feeding. The owner reserves memory by it.
  std::size_t memory_bytes() const noexcept;
  Result<std::shared_ptr<const CompactManifest>> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// From the plain model, with the cross-file checks; for tests and benchmarks.
Result<std::shared_ptr<const CompactManifest>> make_compact(std::string ns, const Manifest& manifest);

}  // namespace seekfs::manifest
