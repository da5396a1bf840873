// What a reader asks of the fetcher, and what comes back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/page.h"
#include "manifest/page_key.h"
#include "objectstore/object_store.h"

namespace seekfs::fetch {

/// Where a file's bytes lie in the store; shared by the requests for its pages.
struct PageSource {
  std::string ns;
  std::string path;
  std::string hash;               ///< of the file's content, lower-case hex
  objectstore::ObjectRef object;  ///< if_match and version_id as published
  std::uint64_t object_off = 0;   ///< where the file starts inside its object
};

/// One page of one file.
struct PageRequest {
  manifest::PageKey key;
  std::uint32_t crc32c = 0;  ///< of the page's bytes, from the manifest
  std::shared_ptr<const PageSource> source;

  std::uint64_t object_off() const noexcept { return source->object_off + key.off; }
};

enum class PageTier : std::uint8_t { l1, l2, origin };

/// A verified page and the tier that it came from.
struct PageArrival {
  PageRef page;
  PageTier tier = PageTier::origin;
};

}  // namespace seekfs::fetch
