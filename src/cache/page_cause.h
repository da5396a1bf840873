// Why a page was fetched.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seekfs::cache {

enum class PageCause : std::uint8_t {
  demand,    ///< a reader asked for it
  prefetch,  ///< a hint or read-ahead did
  run_on,    ///< nobody did: a GET brought it along with its neighbours
};
inline constexpr std::size_t page_cause_count = 3;

}  // namespace seekfs::cache
