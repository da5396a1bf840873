// Names as messages show them, whatever bytes they have.
#pragma once

#include <string>
#include <string_view>

namespace seekfs::manifest {

/// Whether the well-formed UTF-8 sequence `c` controls a terminal rather than prints: C0, DEL and C1.
bool is_control(std::string_view c) noexcept;

/// `text` between single quotes: bytes that are not UTF-8, control characters, quotes and backslashes as \xNN; cut
/// after 200 bytes. (Not "quoted": argument-dependent look-up finds std::quoted for a std::string.)
std::string in_quotes(std::string_view text);

}  // namespace seekfs::manifest
