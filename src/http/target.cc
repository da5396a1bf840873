// Taking a request target apart.
#include "http/target.h"

#include "http/ascii.h"

namespace seekfs::http {

Result<Target> parse_target(std::string_view text) {
  for (const char c : text) {
    if (c < '!' || c > '~') return fail(ErrorCode::bad_request, "the target has a byte that must be percent-encoded");
    if (c == '#') return fail(ErrorCode::bad_request, "the target has a '#'; write '%23'");
  }
  Target target;
  constexpr std::string_view scheme = "http://";
  if (equal_ignoring_case(text.substr(0, scheme.size()), scheme)) {
    text.remove_prefix(scheme.size());
    const std::size_t end = std::min(text.find_first_of("/?"), text.size());
    target.authority = text.substr(0, end);
    text.remove_prefix(end);
    if (target.authority.empty()) return fail(ErrorCode::bad_request, "the target has no host");
    if (!text.starts_with('/')) {
      target.path = "/";
      target.query = text.empty() ? text : text.substr(1);
      return target;
    }
  }
  if (!text.starts_with('/')) {
    return fail(ErrorCode::bad_request, "the target is neither a path nor a URL that begins with http://");
  }
  target.path = take_until(text, '?');
  target.query = text;
  return target;
}

}  // namespace seekfs::http
