// Verifying: does the store still hold what a version's manifest says?
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "publish/parts.h"

namespace seekfs::publish {

enum class VerifyLevel : std::uint8_t {
  head,    ///< sizes and ETags by LIST, pinned versions by HEAD; no bytes are read
  sample,  ///< head, and the CRC32C of a random share of the pages, at least one
  full,    ///< head, and every byte: SHA-256 of each file and CRC32C of each page
};

struct VerifyRequest {
  std::string ns;
  std::optional<std::uint64_t> version;  ///< nothing: HEAD
  VerifyLevel level = VerifyLevel::full;
  double sample_percent = 1;  ///< with sample: above 0, up to 100
};
/// Sets level and share from "head", "full", "sample=1%" ("sample" alone is 1 %); bad_request on anything else.
Status parse_verify_level(std::string_view text, VerifyRequest& request);

enum class MismatchKind : std::uint8_t { missing, size, etag, page_crc, hash };
std::string_view to_string(MismatchKind kind) noexcept;

struct Mismatch {
  std::string path;
  std::string key;
  MismatchKind kind = MismatchKind::missing;
  std::string detail;  ///< what was expected and what was found
};

struct VerifyReport {
  std::uint64_t version = 0;
  std::uint64_t files = 0;          ///< of the version
  std::uint64_t bytes = 0;          ///< of the version
  std::uint64_t checked_pages = 0;  ///< read and compared
  std::uint64_t checked_bytes = 0;
  std::uint64_t bad_files = 0;
  std::vector<Mismatch> mismatches;  ///< sorted by path; the first max_mismatches
  bool good() const noexcept { return bad_files == 0; }
};
inline constexpr std::size_t max_mismatches = 1000;

/// Told after each piece that was read. Called from any thread, one at a time; must not block.
class VerifyObserver {
 public:
  virtual ~VerifyObserver() = default;
  virtual void on_progress(std::uint64_t bytes_done, std::uint64_t bytes_total) = 0;
};
VerifyObserver& null_verify_observer();

class Verifier {
 public:
  explicit Verifier(Parts parts) : parts_(parts) {}
  /// A mismatch is part of the report, no error. Errors: bad_request, no_such_namespace, no_such_version,
  /// unsupported_manifest, corrupt (the manifest itself), and what the store says other than not_found and
  /// precondition_failed of a file.
  Result<VerifyReport> verify(const VerifyRequest& request, VerifyObserver& observer = null_verify_observer());

 private:
  Parts parts_;
};

}  // namespace seekfs::publish
