// HMAC-SHA256 (RFC 2104, FIPS 198-1).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/sha256.h"

namespace seekfs {

/// Any length of key, none included. Pure and thread-safe.
Sha256Digest hmac_sha256(std::span<const std::byte> key, std::string_view message);
Sha256Digest hmac_sha256(std::string_view key, std::string_view message);

}  // namespace seekfs
