// Puts files into the compact form one by one, in any order.
#pragma once

#include <memory>
#include <string>

#include "manifest/codec.h"
#include "manifest/compact.h"

namespace seekfs::manifest {

/// One thread at a time.
class CompactBuilder final : public ManifestSink {
 public:
  explicit CompactBuilder(std::string ns);
  ~CompactBuilder() override;
  /// Copies; `file` stays as it is, so that its memory serves for the next.
  Status on_file(FileEntry&& file) override;
  void add(const FileEntry& file);
  std::size_t memory_bytes() const noexcept;
  /// Sorts and checks what concerns several files: unsupported_manifest. The builder is used up.
  Result<std::shared_ptr<const CompactManifest>> finish(ManifestHeader header);

 private:
  std::unique_ptr<CompactManifest::State> state_;
};

}  // namespace seekfs::manifest
