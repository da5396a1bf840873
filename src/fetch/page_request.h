// What a reader asks of the fetcher, and what comes back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/page.h"
#include "manifest/page_key.h"
#include "objectstore/object_store.h"

namespace seekfs::fetch {

/// All pages of one file, in order of offset and without a gap: what lets a GET bring pages that no reader has asked
/// for. The reader implements it over its pinned manifest. Immutable; any thread may ask; never blocks.
class PageTable {
 public:
  struct Row {
    manifest::PageKey key;
    std::uint32_t crc32c = 0;
  };
  virtual ~PageTable() = default;
  virtual std::uint32_t page_count() const = 0;
  /// page_id < page_count().
  virtual Row row(std::uint32_t page_id) const = 0;
};

/// Where a file's bytes lie in the store; shared by the requests for its pages.
struct PageSource {
  std::string ns;
  std::string path;
  std::string hash;                                  ///< of the file's content, lower-case hex
  objectstore::ObjectRef object;                     ///< if_match and version_id as published
  std::uint64_t object_off = 0;                      ///< where the file starts inside its object
  std::shared_ptr<const PageTable> pages = nullptr;  ///< null: only what is asked for is fetched
};

/// One page of one file.
struct PageRequest {
  manifest::PageKey key;
  std::uint32_t crc32c = 0;  ///< of the page's bytes, from the manifest
  std::shared_ptr<const PageSource> source;

  std::uint64_t object_off() const noexcept { return source->object_off + key.off; }
  /// The same file's page `page_id`; nothing past its end, or when its table is not known.
  std::optional<PageRequest> sibling(std::uint64_t page_id) const {
    if (source->pages == nullptr || page_id >= source->pages->page_count()) return std::nullopt;
    const PageTable::Row row = source->pages->row(static_cast<std::uint32_t>(page_id));
    return PageRequest{.key = row.key, .crc32c = row.crc32c, .source = source};
  }
};

enum class PageTier : std::uint8_t { l1, l2, origin };

/// A verified page and the tier that it came from.
struct PageArrival {
  PageRef page;
  PageTier tier = PageTier::origin;
};

}  // namespace seekfs::fetch
