// A sink that checks page after page while the body arrives.
#include "publish/content_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "async/sync_wait.h"
#include "base/crc32c.h"
#include "base/sha256.h"
#include "base/units.h"
#include "publish/store_calls.h"

namespace seekfs::publish {
namespace {

using manifest::FileEntry;
using manifest::Page;

Mismatch make(const FileEntry& file, MismatchKind kind, std::string detail) {
  return {.path = file.path, .key = file.storage.key, .kind = kind, .detail = std::move(detail)};
}

/// Checks the pages of `pages` in order; remembers the first that is wrong.
class PageSink final : public objectstore::BodySink {
 public:
  explicit PageSink(std::span<const Page> pages) : pages_(pages), buffer_(256 * KiB) {}

  std::span<std::byte> prepare() override { return buffer_; }

  void commit(std::size_t count) override {
    std::span<const std::byte> data = std::span(buffer_).first(count);
    sha_.update(data);
    received_ += count;
    while (!data.empty() && at_ < pages_.size()) {
      const std::size_t take = std::min<std::size_t>(data.size(), pages_[at_].len - fill_);
      crc_ = crc32c(data.first(take), crc_);
      fill_ += static_cast<std::uint32_t>(take);
      data = data.subspan(take);
      if (fill_ == pages_[at_].len) end_page();
    }
  }

  std::uint64_t received() const noexcept { return received_; }
  std::optional<std::size_t> bad_page() const noexcept { return bad_page_; }
  Sha256Digest hash() { return sha_.finish(); }

 private:
  void end_page() {
    if (crc_ != pages_[at_].crc32c && !bad_page_) bad_page_ = at_;
    ++at_;
    crc_ = 0;
    fill_ = 0;
  }

  std::span<const Page> pages_;
  std::vector<std::byte> buffer_;
  Sha256 sha_;
  std::uint64_t received_ = 0;
  std::size_t at_ = 0;
  std::uint32_t crc_ = 0;
  std::uint32_t fill_ = 0;
  std::optional<std::size_t> bad_page_;
};

/// What an error of the store says of the file; other errors pass through.
Result<std::optional<Mismatch>> judge(const FileEntry& file, Error error) {
  switch (error.code) {
    case ErrorCode::not_found: return std::optional(make(file, MismatchKind::missing, "there is no such object"));
    case ErrorCode::precondition_failed:
      return std::optional(
          make(file, MismatchKind::etag,
               fmt::format("the object is not the one published with ETag {}", file.storage.etag.value_or("(none)"))));
    case ErrorCode::invalid: return std::optional(make(file, MismatchKind::size, std::move(error.message)));
    default: return std::unexpected<Error>(std::move(error));
  }
}

/// GETs [off, off + len) of the file through `sink`; a mismatch when it cannot be had whole.
Result<std::optional<Mismatch>> fetch(objectstore::ObjectStore& store, const FileEntry& file, std::uint64_t off,
                                      std::uint64_t len, PageSink& sink) {
  if (len == 0) return std::optional<Mismatch>();
  auto info = async::sync_wait(
      store.get({.key = file.storage.key, .if_match = file.storage.etag, .version_id = file.storage.version_id},
                objectstore::ByteRange{.off = file.storage.off + off, .len = len}, sink, publish_options));
  if (!info) return judge(file, std::move(info).error());
  if (sink.received() == len) return std::optional<Mismatch>();
  return std::optional(make(file, MismatchKind::size,
                            fmt::format("the object ends after {} of {} bytes", off + sink.received(), off + len)));
}

Mismatch bad_page(const FileEntry& file, std::size_t page_id) {
  return make(file, MismatchKind::page_crc,
              fmt::format("page {} (bytes {} to {}) has another CRC32C", page_id, file.pages[page_id].off,
                          file.pages[page_id].off + file.pages[page_id].len));
}

}  // namespace

Result<std::optional<Mismatch>> audit_file(objectstore::ObjectStore& store, const FileEntry& file) {
  PageSink sink(file.pages);
  SEEKFS_ASSIGN(std::optional<Mismatch> found, fetch(store, file, 0, file.size, sink));
  if (found) return found;
  if (sink.bad_page()) return std::optional(bad_page(file, *sink.bad_page()));
  if (file.hash.algorithm != "sha256") return std::optional<Mismatch>();
  const std::string hex = sink.hash().hex();
  if (hex == file.hash.hex) return std::optional<Mismatch>();
  return std::optional(
      make(file, MismatchKind::hash, fmt::format("published with SHA-256 {}, found {}", file.hash.hex, hex)));
}

Result<std::optional<Mismatch>> audit_page(objectstore::ObjectStore& store, const FileEntry& file,
                                           std::size_t page_id) {
  const Page& page = file.pages[page_id];
  PageSink sink(std::span(&page, 1));
  SEEKFS_ASSIGN(std::optional<Mismatch> found, fetch(store, file, page.off, page.len, sink));
  if (!found && sink.bad_page()) found = bad_page(file, page_id);
  return found;
}

}  // namespace seekfs::publish
