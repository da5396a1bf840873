// Numbers as they stand on disk: little-endian, whatever the machine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace seekfs::segmentstore {

template <class Number>
Number load_number(const std::byte* from) noexcept {
  Number number;
  std::memcpy(&number, from, sizeof number);
  if constexpr (std::endian::native == std::endian::big) number = std::byteswap(number);
  return number;
}

template <class Number>
void store_number(std::byte* to, Number number) noexcept {
  if constexpr (std::endian::native == std::endian::big) number = std::byteswap(number);
  std::memcpy(to, &number, sizeof number);
}

inline std::uint32_t load_u32(const std::byte* from) noexcept { return load_number<std::uint32_t>(from); }
inline std::uint64_t load_u64(const std::byte* from) noexcept { return load_number<std::uint64_t>(from); }
inline void store_u32(std::byte* to, std::uint32_t number) noexcept { store_number(to, number); }
inline void store_u64(std::byte* to, std::uint64_t number) noexcept { store_number(to, number); }

}  // namespace seekfs::segmentstore
