// Writing of JSON text.
#pragma once

#include <string>
#include <string_view>

namespace seekfs::manifest {

/// Appends `text` as a JSON string with its quotes. Escapes only what must be; bytes that are not UTF-8 become U+FFFD,
/// since JSON has no way to hold them.
void append_json_string(std::string& out, std::string_view text);

}  // namespace seekfs::manifest
