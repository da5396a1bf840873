// The one check that stands between any tier and a reader.
#pragma once

#include <cstddef>
#include <span>

#include "base/crc32c.h"
#include "fetch/page_request.h"

namespace seekfs::fetch {

/// True when `bytes` are the page that the manifest describes: its length and its CRC32C.
inline bool is_the_page(const PageRequest& request, std::span<const std::byte> bytes) noexcept {
  return bytes.size() == request.key.len && crc32c(bytes) == request.crc32c;
}

}  // namespace seekfs::fetch
