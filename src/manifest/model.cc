// The page size that publishing chooses.
#include "manifest/model.h"

namespace seekfs::manifest {

std::uint32_t default_page_size(std::uint64_t file_size) {
  constexpr std::uint32_t small_page = 256U << 10U;
  constexpr std::uint32_t large_page = 1U << 20U;
  constexpr std::uint64_t small_file = 256ULL << 20U;
  constexpr std::uint64_t page_limit = 65'536;
  if (file_size <= small_file) return small_page;
  std::uint32_t page = large_page;
  while (page < max_page_size && file_size > page_limit * page) page *= 2;
  return page;
}

}  // namespace seekfs::manifest
