// Sizes and times as people write them: "256KiB", "10s".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs {

inline constexpr std::uint64_t KiB = 1024;
inline constexpr std::uint64_t MiB = 1024 * KiB;
inline constexpr std::uint64_t GiB = 1024 * MiB;

/// "4096", "256KiB", "1.5 GiB", "4g" (as GiB), "2MB" (decimal), case-insensitive unit up to peta, an optional space.
/// A fraction of a byte is dropped. `invalid` with the accepted forms on anything else, on a negative number and on
/// more than 2^63-1 bytes.
Result<std::uint64_t> parse_size(std::string_view text);

/// "250ms", "10s", "5m", "12h", "30d". `invalid` on a missing unit, a negative number or more than 100 years.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The shortest exact form that parse_size takes: 262144 gives "256KiB", 1000 gives "1000".
std::string format_size(std::uint64_t bytes);
/// For people: "1.4 GiB".
std::string format_size_approx(std::uint64_t bytes);
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace seekfs
