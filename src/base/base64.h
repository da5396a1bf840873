// Base64 with the standard alphabet and padding (RFC 4648 section 4), strict in what it takes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seekfs {

std::string base64_encode(std::span<const std::byte> bytes);

/// Takes exactly what base64_encode gives: `invalid`, with the position, on a character outside the alphabet (white
/// space included), missing or misplaced padding and bits set beyond the last byte.
Result<std::vector<std::byte>> base64_decode(std::string_view text);

}  // namespace seekfs
