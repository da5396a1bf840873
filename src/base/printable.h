// Text of others as people may be shown it.
#pragma once

#include <string>
#include <string_view>

namespace seekfs {

/// Control characters (C0, DEL, C1) and bytes that are not UTF-8 as \xNN, so that a name or a message of somebody else
/// can neither steer a terminal nor make a second line. Thread-safe.
std::string printable(std::string_view text);

}  // namespace seekfs
