// Manifest v1 to and from bytes: gzip'd JSON, read as a stream in bounded memory, every rule of the format checked.
// Format: docs/SPEC.md "Manifest v1".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "manifest/model.h"

namespace seekfs::manifest {

/// Caps on what a reader accepts; all settable in [manifest].
struct ReadLimits {
  std::uint64_t max_pages = 100'000'000;
  std::uint64_t max_files = 10'000'000;
  std::uint64_t max_json_bytes = std::uint64_t{4} << 30U;
  std::uint64_t max_gzip_ratio = 200;
};

/// Receives a manifest's files while it is parsed, so that neither the JSON nor the plain model need be in memory at
/// once.
class ManifestSink {
 public:
  virtual ~ManifestSink() = default;
  /// One valid file entry; may be moved from. Its Error ends the parse.
  virtual Status on_file(FileEntry&& file) = 0;
};

/// The manifest's fields other than its files.
struct ManifestHeader {
  std::uint64_t version = 0;
  std::int64_t created_at = 0;
  std::vector<std::uint64_t> parents;
  std::vector<std::string> tombstones;
};

/// Reads a manifest fed in pieces of any size: gzip (one or more members) or plain JSON, told by the first bytes.
/// Errors: unsupported_manifest naming file and field for every refusal of the format ("files[3] 'a/b':
/// page_table[2].off: …"), including an unknown entry in `requires`, a version other than `expected_version` and limits
/// that were passed; corrupt for damaged gzip. Cross-file rules (duplicate paths, a path that is a directory of
/// another) are checked in finish() by the sink's owner or by decode_manifest(). One thread at a time.
class ManifestReader {
 public:
  ManifestReader(ManifestSink& sink, std::optional<std::uint64_t> expected_version, ReadLimits limits);
  ~ManifestReader();
  Status feed(std::span<const std::byte> piece);
  Result<ManifestHeader> finish();
  /// Bytes held now: buffers, and the page table of the file that is being read.
  std::size_t memory_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A whole manifest from gzip or plain JSON bytes, with every check, cross-file ones included. Files are sorted by
/// path.
Result<Manifest> decode_manifest(std::span<const std::byte> bytes, std::optional<std::uint64_t> expected_version,
                                 const ReadLimits& limits = {});

struct WriteOptions {
  /// Page tables as packed "pages"; empty: when the manifest has over 1 M pages.
  std::optional<bool> packed_pages;
};

/// The canonical JSON: fields in the format's order, files and tombstones sorted by path. The same manifest always
/// gives the same bytes.
std::string encode_manifest_json(const Manifest& manifest, const WriteOptions& options = {});
/// The same, gzip'd (level 6, no name, no time: the same bytes each time).
std::string encode_manifest(const Manifest& manifest, const WriteOptions& options = {});

Result<VersionInfo> decode_version_info(std::string_view json);
std::string encode_version_info(const VersionInfo& info);

}  // namespace seekfs::manifest
