// Taking a request target apart.
#include "http/target.h"

#include "http/ascii.h"

namespace seekfs::http {

namespace {

Status check_characters(std::string_view text) {
  // Without a way out of the loop, it is done many characters at a time.
  unsigned faults = 0;
  for (const char c : text)
    faults |= static_cast<unsigned>(c < '!') | static_cast<unsigned>(c > '~') | static_cast<unsigned>(c == '#');
  if (faults == 0) return {};
  for (const char c : text) {
    if (c < '!' || c > '~') return fail(ErrorCode::bad_request, "the target has a byte that must be percent-encoded");
    if (c == '#') break;
  }
  return fail(ErrorCode::bad_request, "the target has a '#'; write '%23'");
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  SEEKFS_TRY(check_characters(text));
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
