// CRC32C by ISA-L, whose function takes and gives the register without the final inversion.
#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace seekfs {

std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t previous) noexcept {
  constexpr std::size_t piece = std::size_t{1} << 30U;  // its length is an int
  std::uint32_t state = ~previous;
  while (!data.empty()) {
    const std::size_t length = std::min(data.size(), piece);
    auto* bytes = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(data.data()));
    state = crc32_iscsi(bytes, static_cast<int>(length), state);
    data = data.subspan(length);
  }
  return ~state;
}

}  // namespace seekfs
