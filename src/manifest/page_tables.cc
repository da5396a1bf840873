// What is true of a whole page table.
#include "manifest/page_tables.h"

#include <algorithm>

namespace seekfs::manifest {

std::optional<std::uint32_t> uniform_page_size(std::span<const Page> pages) {
  if (pages.empty()) return std::nullopt;
  const std::uint32_t size = pages.front().len;
  const auto inner = pages.first(pages.size() - 1);
  if (pages.back().len > size) return std::nullopt;
  if (!std::ranges::all_of(inner, [size](const Page& page) { return page.len == size; })) return std::nullopt;
  return size;
}

}  // namespace seekfs::manifest
