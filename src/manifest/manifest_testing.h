// Test data: the oracle, whose bytes are a function of where they are, and manifests that describe it or are random.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/model.h"

namespace seekfs::manifest {

/// Fills `out` with the bytes at [off, off + out.size()) of a file of the oracle: a pure function of the arguments, the
/// same for any cutting into calls. Thread-safe.
void oracle_bytes(std::string_view ns, std::string_view path, std::uint64_t version, std::uint64_t off,
                  std::span<std::byte> out);

/// The first `size` bytes of a file of the oracle.
std::string oracle_content(std::string_view ns, std::string_view path, std::uint64_t version, std::uint64_t size);

struct OracleFile {
  std::string path;
  std::uint64_t size = 0;
  std::uint32_t page_size = 256U << 10U;
};

/// The entry of one file whose content is the oracle's: right hash and CRCs, key by hash (object_key), no ETag.
FileEntry oracle_entry(std::string_view ns, std::uint64_t version, const OracleFile& file);

/// A version whose files are the oracle's, sorted by path. Every file's content is that of `version`.
Manifest oracle_manifest(std::string_view ns, std::uint64_t version, const std::vector<OracleFile>& files);

/// How many seeds a loop over random manifests runs.
#ifdef SEEKFS_SANITIZED
inline constexpr std::uint64_t manifest_seeds = 10;
#else
inline constexpr std::uint64_t manifest_seeds = 200;
#endif

struct RandomManifestOptions {
  std::size_t max_files = 40;
  std::size_t max_pages_per_file = 12;
};

/// A valid manifest of namespace "demo" in which every optional field, form of page table, layout of keys and kind of
/// path occurs over the seeds. Hashes and CRCs are of no content. The same for the same arguments; files and tombstones
/// are sorted.
Manifest random_manifest(std::uint64_t seed, const RandomManifestOptions& options = {});

}  // namespace seekfs::manifest
