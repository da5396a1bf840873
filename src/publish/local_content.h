// Reading a local source file in a way that notices when it changes meanwhile.
#pragma once

#include <memory>
#include <optional>

#include "env/file.h"
#include "objectstore/object_store.h"
#include "publish/content_hasher.h"
#include "publish/source_scan.h"

namespace seekfs::publish {

/// Opens the file and checks that it still is in the state in which it was found; source_changed when not.
Result<std::unique_ptr<env::File>> open_source(env::FileSystem& files, const SourceFile& source);
/// source_changed when the open file is no longer in that state.
Status check_unchanged(env::File& file, const SourceFile& source);

/// Reads the whole file once; source_changed when it changed before or while it was read.
Result<HashedContent> hash_local(env::FileSystem& files, const SourceFile& source, std::uint32_t page_size);

/// The body of an upload that hashes what it hands out and fails with source_changed, before the last piece leaves,
/// unless it all is the content that was hashed: a store never gets a whole object with other bytes.
class CheckedSource final : public objectstore::BodySource {
 public:
  /// `source` and `expected` outlive it.
  CheckedSource(std::unique_ptr<env::File> file, const SourceFile& source, const Sha256Digest& expected);
  std::uint64_t size() const override;
  Status read_at(std::uint64_t offset, std::span<std::byte> out) override;

 private:
  std::unique_ptr<env::File> file_;
  const SourceFile& source_;
  const Sha256Digest& expected_;
  Sha256 sha_;
  std::uint64_t position_ = 0;
};

}  // namespace seekfs::publish
