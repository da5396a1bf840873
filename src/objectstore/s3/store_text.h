// What a store says in its own words, as messages show it.
#pragma once

#include <string>
#include <string_view>

namespace seekfs::objectstore::s3 {

/// `text` without what steers a terminal or makes a second line: control characters (C0, DEL, C1) and bytes that are
/// not UTF-8 as \xNN; cut after 500 bytes, which ends it with "...". Thread-safe.
std::string store_text(std::string_view text);

}  // namespace seekfs::objectstore::s3
