// A page table whose pages have any lengths, at 8 bytes a page.
#include "manifest/irregular_table.h"

#include <algorithm>

namespace seekfs::manifest {

void IrregularTable::append(GrowingBuffer<std::uint32_t>& words, std::span<const Page> pages) {
  words.push_back(static_cast<std::uint32_t>(pages.size()));
  words.push_back(static_cast<std::uint32_t>(pages.back().off >> 32U));
  std::uint64_t high = 0;
  for (std::uint32_t i = 0; i < pages.size(); ++i) {
    if (pages[i].off >> 32U == high) continue;
    ++high;
    words.push_back(i);
  }
  for (const Page& page : pages) words.push_back(static_cast<std::uint32_t>(page.off));
  for (const Page& page : pages) words.push_back(page.crc32c);
}

std::uint64_t IrregularTable::offset(std::uint32_t page_id) const noexcept {
  const auto carry = carries();
  const auto high = static_cast<std::uint64_t>(std::ranges::upper_bound(carry, page_id) - carry.begin());
  return high << 32U | offsets()[page_id];
}

Page IrregularTable::page(std::uint32_t page_id, std::uint64_t file_size) const noexcept {
  const std::uint64_t begin = offset(page_id);
  const std::uint64_t end = page_id + 1 < count() ? offset(page_id + 1) : file_size;
  return {begin, static_cast<std::uint32_t>(end - begin), crcs()[page_id]};
}

std::uint32_t IrregularTable::page_at(std::uint64_t off) const noexcept {
  const auto carry = carries();
  const std::uint64_t high = off >> 32U;
  const std::uint32_t begin = high == 0 ? 0 : high <= carry.size() ? carry[high - 1] : count();
  const std::uint32_t end = high < carry.size() ? carry[high] : count();
  const std::span<const std::uint32_t> same_high(offsets() + begin, end - begin);
  const auto after = std::ranges::upper_bound(same_high, static_cast<std::uint32_t>(off));
  return begin + static_cast<std::uint32_t>(after - same_high.begin()) - 1;
}

}  // namespace seekfs::manifest
