// SHA-256 and page CRCs over the same piece while it is in the processor's cache.
#include "publish/content_hasher.h"

#include <algorithm>
#include <utility>

#include "base/crc32c.h"

namespace seekfs::publish {

void ContentHasher::update(std::span<const std::byte> data) {
  sha_.update(data);
  size_ += data.size();
  while (!data.empty()) {
    const std::size_t take = std::min<std::size_t>(data.size(), page_size_ - page_fill_);
    page_crc_ = crc32c(data.first(take), page_crc_);
    page_fill_ += static_cast<std::uint32_t>(take);
    data = data.subspan(take);
    if (page_fill_ < page_size_) continue;
    crcs_.push_back(std::exchange(page_crc_, 0));
    page_fill_ = 0;
  }
}

HashedContent ContentHasher::finish() {
  if (page_fill_ > 0) crcs_.push_back(page_crc_);
  return {.hash = sha_.finish(), .page_size = page_size_, .page_crcs = std::move(crcs_)};
}

std::vector<manifest::Page> make_page_table(std::uint64_t size, const HashedContent& content) {
  std::vector<manifest::Page> pages;
  pages.reserve(content.page_crcs.size());
  std::uint64_t off = 0;
  for (const std::uint32_t crc : content.page_crcs) {
    const auto len = static_cast<std::uint32_t>(std::min<std::uint64_t>(content.page_size, size - off));
    pages.push_back({.off = off, .len = len, .crc32c = crc});
    off += len;
  }
  return pages;
}

std::uint32_t page_size_for(std::uint64_t file_size, std::optional<std::uint32_t> chosen) {
  return chosen ? *chosen : manifest::default_page_size(file_size);
}

}  // namespace seekfs::publish
