// A change shows in size, mtime, ctime or inode; content that is uploaded is compared by hash on top of that.
#include "publish/local_content.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/units.h"
#include "manifest/in_quotes.h"

namespace seekfs::publish {
namespace {

constexpr std::size_t read_bytes = 1 * MiB;

std::unexpected<Error> changed(const SourceFile& source) {
  return fail(ErrorCode::source_changed, manifest::in_quotes(source.local_path) +
                                             " changed while it was being published; publish again once it is at rest");
}

}  // namespace

Status check_unchanged(env::File& file, const SourceFile& source) {
  SEEKFS_ASSIGN(const env::FileInfo info, file.info());
  if (info.type != env::FileType::regular || state_of(info) != source.state) return changed(source);
  return {};
}

Result<std::unique_ptr<env::File>> open_source(env::FileSystem& files, const SourceFile& source) {
  auto file = files.open(source.local_path, {.no_follow = true});
  if (!file) {
    const ErrorCode code = file.error().code;
    if (code == ErrorCode::not_found || code == ErrorCode::invalid) return changed(source);
    return std::unexpected<Error>(std::move(file).error());
  }
  SEEKFS_TRY(check_unchanged(**file, source));
  return std::move(*file);
}

Result<HashedContent> hash_local(env::FileSystem& files, const SourceFile& source, std::uint32_t page_size) {
  SEEKFS_ASSIGN(const std::unique_ptr<env::File> file, open_source(files, source));
  ContentHasher hasher(page_size);
  std::vector<std::byte> buffer(std::min<std::uint64_t>(source.size, read_bytes));
  while (hasher.size() < source.size) {
    const std::size_t want = std::min<std::uint64_t>(buffer.size(), source.size - hasher.size());
    SEEKFS_ASSIGN(const std::size_t got, file->read_at(hasher.size(), std::span(buffer).first(want)));
    if (got < want) return changed(source);
    hasher.update(std::span(buffer).first(got));
  }
  SEEKFS_TRY(check_unchanged(*file, source));
  return hasher.finish();
}

CheckedSource::CheckedSource(std::unique_ptr<env::File> file, const SourceFile& source, const Sha256Digest& expected)
    : file_(std::move(file)), source_(source), expected_(expected) {}

std::uint64_t CheckedSource::size() const { return source_.size; }

Status CheckedSource::read_at(std::uint64_t offset, std::span<std::byte> out) {
  if (offset == 0) {
    sha_ = Sha256();
    position_ = 0;
  }
  if (offset != position_) {
    return fail(ErrorCode::internal, "a store read the body of a put out of order, so its hash cannot be checked");
  }
  SEEKFS_ASSIGN(const std::size_t got, file_->read_at(offset, out));
  if (got < out.size()) return changed(source_);
  sha_.update(out);
  position_ += got;
  if (position_ < source_.size) return {};
  if (sha_.finish() != expected_) return changed(source_);
  // A body may be read again from the start, never past its end.
  return check_unchanged(*file_, source_);
}

}  // namespace seekfs::publish
