// A version that changes are made against: its files, found by path and by content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "manifest/model.h"
#include "publish/namespace_state.h"

namespace seekfs::publish {

bool same_content(const manifest::FileEntry& a, const manifest::FileEntry& b);

/// Immutable once built; threads may share it. Without a HEAD it is empty.
class Snapshot {
 public:
  Snapshot() = default;
  /// `manifest` has its files sorted by path.
  Snapshot(Head head, manifest::Manifest manifest);
  Snapshot(Snapshot&&) = default;
  Snapshot& operator=(Snapshot&&) = default;

  static Result<Snapshot> load(objectstore::ObjectStore& store, const std::string& ns);

  const std::optional<Head>& head() const noexcept { return head_; }
  const std::vector<manifest::FileEntry>& files() const noexcept { return manifest_.files; }
  /// Null when there is no such file.
  const manifest::FileEntry* find(std::string_view path) const;
  /// Some file with this content, null when there is none.
  const manifest::FileEntry* find_content(const Sha256Digest& hash, std::uint64_t size) const;
  /// Whether some file lies in this object in this state.
  bool references(const manifest::Storage& storage) const;

 private:
  std::optional<Head> head_;
  manifest::Manifest manifest_;
  std::unordered_map<std::string_view, const manifest::FileEntry*> by_hash_;  ///< views of the entries' hex
  std::unordered_map<std::string_view, const manifest::FileEntry*> by_key_;
};

}  // namespace seekfs::publish
