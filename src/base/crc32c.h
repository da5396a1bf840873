// CRC32C (Castagnoli; RFC 3720 appendix B.4). CRC32C of "123456789" is 0xE3069283.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace seekfs {

/// The CRC of `data`, continuing from `previous`, the CRC of what came before it (0 at the start).
std::uint32_t crc32c(std::span<const std::byte> data, std::uint32_t previous = 0) noexcept;

}  // namespace seekfs
