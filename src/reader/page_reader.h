// Page requests of one open file: what the caches and the fetcher need to know of each page.
#pragma once

#include <memory>
#include <string>

#include "fetch/page_request.h"
#include "reader/read_service.h"

namespace seekfs::reader {

/// Makes the keys of one file's pages. Cheap to make: the hash that names the file is
/// remembered by thread; the file's place in the store is looked up only when a
/// page has to be fetched. Belongs to one thread at a time; outlived by its FileRef.
class PageReader {
 public:
  explicit PageReader(const FileRef& file);

  /// page_id < the file's page count.
  manifest::PageKey key(std::uint32_t page_id, const manifest::Page& page) const noexcept {
    return {.file = file_key_, .page_id = page_id, .off = page.off, .len = page.len};
  }
  fetch::PageRequest request(std::uint32_t page_id, const manifest::Page& page);

 private:
  const FileRef& file_;
  manifest::FileKey file_key_;
  std::shared_ptr<const fetch::PageSource> source_;
};

}  // namespace seekfs::reader
