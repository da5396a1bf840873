// Namespaces and their versions as the store has them: list, show, compare, go back.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "manifest/model.h"
#include "publish/parts.h"

namespace seekfs::publish {

struct NamespaceSummary {
  std::string name;
  std::optional<std::uint64_t> head;          ///< nothing: no version was finished yet
  std::optional<manifest::VersionInfo> info;  ///< of HEAD, where it is readable
};

struct VersionSummary {
  std::uint64_t version = 0;
  bool is_head = false;
  std::uint64_t manifest_bytes = 0;                ///< of the object
  std::chrono::system_clock::time_point modified;  ///< of the manifest, by the store's clock
  std::optional<manifest::VersionInfo> info;       ///< nothing when its publisher died before writing it
};

struct NamespaceDetail {
  NamespaceSummary summary;
  std::vector<VersionSummary> versions;  ///< ascending
};

enum class ChangeKind : std::uint8_t { added, removed, changed };
struct VersionChange {
  std::string path;
  ChangeKind kind = ChangeKind::added;
  std::uint64_t old_size = 0;
  std::uint64_t new_size = 0;
};

/// Reads, other than rollback(). Stateless.
class Versions {
 public:
  explicit Versions(Parts parts) : parts_(parts) {}

  /// By name. Folders below namespaces/ that are no namespace names are left out.
  Result<std::vector<NamespaceSummary>> namespaces();
  /// no_such_namespace when it has neither HEAD nor manifests.
  Result<NamespaceDetail> show_namespace(const std::string& ns);
  /// Ascending. Reads one LIST and the small info objects.
  Result<std::vector<VersionSummary>> list(const std::string& ns);
  /// The whole manifest of a version, HEAD's when none is named; its bytes are checked against its info.
  Result<manifest::Manifest> load(const std::string& ns, std::optional<std::uint64_t> version);
  /// By path. A file counts as changed when its content is another; where it lies does not matter.
  Result<std::vector<VersionChange>> diff(const std::string& ns, std::uint64_t from, std::uint64_t to);
  /// Makes an existing version HEAD and returns the one that was. no_such_version when it is not there, conflict when
  /// HEAD moves meanwhile or is not `if_parent`. HEAD being there already is success.
  Result<std::uint64_t> rollback(const std::string& ns, std::uint64_t version,
                                 std::optional<std::uint64_t> if_parent = {}, bool unsafe_no_conditional_put = false);

 private:
  Parts parts_;
};

}  // namespace seekfs::publish
