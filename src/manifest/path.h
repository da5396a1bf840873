// What a namespace and a path may be. The same rules at every door: command line, HTTP query, readv body, manifest.
#pragma once

#include <string_view>

#include "base/error.h"

namespace seekfs::manifest {

inline constexpr std::size_t max_namespace_length = 63;
inline constexpr std::size_t max_path_length = 850;

/// 1-63 of a-z 0-9 . _ -, first and last alphanumeric; else `bad_request` naming the rule that is broken.
Status check_namespace(std::string_view ns);

/// Valid UTF-8, 1-850 bytes, relative, no empty, "." or ".." segment, no NUL or control character (C0, DEL, C1); else
/// `invalid_path` naming the rule that is broken. The message shows the path with unprintable bytes escaped.
Status check_path(std::string_view path);

}  // namespace seekfs::manifest
