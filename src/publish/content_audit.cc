// Page after page is checked while the bytes arrive.
#include "publish/content_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/crc32c.h"
#include "base/sha256.h"
#include "publish/object_audit.h"

namespace seekfs::publish {
namespace {

using manifest::FileEntry;
using manifest::Page;

Mismatch make(const FileEntry& file, MismatchKind kind, std::string detail) {
  return {.path = file.path, .key = file.storage.key, .kind = kind, .detail = std::move(detail)};
}

/// Checks the pages of `pages` in order; remembers the first that is wrong.
class PageCheck {
 public:
  explicit PageCheck(std::span<const Page> pages) : pages_(pages) {}

  void update(std::span<const std::byte> data) {
    sha_.update(data);
    while (!data.empty() && at_ < pages_.size()) {
      const std::size_t take = std::min<std::size_t>(data.size(), pages_[at_].len - fill_);
      crc_ = crc32c(data.first(take), crc_);
      fill_ += static_cast<std::uint32_t>(take);
      data = data.subspan(take);
      if (fill_ == pages_[at_].len) end_page();
    }
  }

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
  Sha256 sha_;
  std::size_t at_ = 0;
  std::uint32_t crc_ = 0;
  std::uint32_t fill_ = 0;
  std::optional<std::size_t> bad_page_;
};

/// What an error of the store says of the file; other errors pass through.
Result<std::optional<Mismatch>> judge(const FileEntry& file, Error error) {
  switch (error.code) {
    case ErrorCode::not_found: return std::optional(missing_object(file));
    case ErrorCode::precondition_failed:
      return std::optional(
          make(file, MismatchKind::etag,
               fmt::format("the object is not the one published with ETag {}", file.storage.etag.value_or("(none)"))));
    case ErrorCode::source_changed: return std::optional(make(file, MismatchKind::etag, std::move(error.message)));
    case ErrorCode::invalid: return std::optional(make(file, MismatchKind::size, std::move(error.message)));
    default: return std::unexpected<Error>(std::move(error));
  }
}

/// Reads [off, off + len) of the file through `check`; a mismatch when it cannot be had whole.
async::Task<std::optional<Mismatch>> read(RangedReader& reader, const FileEntry& file, std::uint64_t off,
                                          std::uint64_t len, PageCheck& check, const AuditProgress& advanced) {
  if (len == 0) co_return std::optional<Mismatch>();
  auto info = co_await reader.read(
      {.key = file.storage.key, .if_match = file.storage.etag, .version_id = file.storage.version_id},
      {.off = file.storage.off + off, .len = len}, [&](std::span<const std::byte> bytes) {
        check.update(bytes);
        if (advanced) advanced(bytes.size());
      });
  if (!info) co_return judge(file, std::move(info).error());
  co_return std::optional<Mismatch>();
}

Mismatch bad_page(const FileEntry& file, std::size_t page_id) {
  return make(file, MismatchKind::page_crc,
              fmt::format("page {} (bytes {} to {}) has another CRC32C", page_id, file.pages[page_id].off,
                          file.pages[page_id].off + file.pages[page_id].len));
}

}  // namespace

async::Task<std::optional<Mismatch>> audit_file(RangedReader& reader, const FileEntry& file, AuditProgress advanced) {
  PageCheck check(file.pages);
  SEEKFS_CO_ASSIGN(std::optional<Mismatch> found, co_await read(reader, file, 0, file.size, check, advanced));
  if (found) co_return found;
  if (check.bad_page()) co_return std::optional(bad_page(file, *check.bad_page()));
  if (file.hash.algorithm != "sha256") co_return std::optional<Mismatch>();
  const std::string hex = check.hash().hex();
  if (hex == file.hash.hex) co_return std::optional<Mismatch>();
  co_return std::optional(
      make(file, MismatchKind::hash, fmt::format("published with SHA-256 {}, found {}", file.hash.hex, hex)));
}

async::Task<std::optional<Mismatch>> audit_page(RangedReader& reader, const FileEntry& file, std::size_t page_id) {
  const Page& page = file.pages[page_id];
  PageCheck check(std::span(&page, 1));
  SEEKFS_CO_ASSIGN(std::optional<Mismatch> found, co_await read(reader, file, page.off, page.len, check, {}));
  if (!found && check.bad_page()) found = bad_page(file, page_id);
  co_return found;
}

}  // namespace seekfs::publish
