// The request target taken apart (RFC 9112 section 3.2): origin-form and absolute-form.
#pragma once

#include <string_view>

#include "base/error.h"

namespace seekfs::http {

/// Views into the target; nothing is decoded yet.
struct Target {
  std::string_view authority;  ///< host[:port] of the absolute form; empty for the origin form
  std::string_view path;       ///< begins with '/'
  std::string_view query;      ///< without its '?'
};

/// bad_request on asterisk-form, authority-form, a scheme other than http, a fragment, and characters other than
/// visible ASCII.
Result<Target> parse_target(std::string_view text);

}  // namespace seekfs::http
