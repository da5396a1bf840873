// The strict checks behind the parser.
#include "http/request_check.h"

#include <algorithm>

#include "base/number.h"
#include "http/ascii.h"

namespace seekfs::http {
namespace {

Refusal bad(std::string detail) { return {400, ErrorCode::bad_request, std::move(detail)}; }

/// Chunked is understood but not wanted (RFC 9110 section 15.5.12); any other coding is unknown (RFC 9112 section 6.1).
Refusal refuse_transfer_encoding(const RequestHead& head) {
  if (head.http_1_0) return bad("HTTP/1.0 has no Transfer-Encoding");
  if (equal_ignoring_case(trim(head.transfer_encoding), "chunked")) {
    return {411, ErrorCode::bad_request, "bodies need a Content-Length; Transfer-Encoding is not taken"};
  }
  return {501, ErrorCode::bad_request, "this Transfer-Encoding is not known here; send a Content-Length"};
}

/// Digits and dots of the form a.b.c.d with a = 127.
bool is_ipv4_loopback(std::string_view host) noexcept {
  if (take_until(host, '.') != "127") return false;
  for (int part = 0; part < 3; ++part) {
    const auto number = parse_number(take_until(host, '.'));
    if (!number || *number > 255) return false;
  }
  return host.empty();
}

}  // namespace

std::optional<Refusal> check_request(const RequestHead& head) {
  if (head.host_count > 1) return bad("the request has more than one Host");
  if (head.host_count == 0 && !head.http_1_0) return bad("the request has no Host");
  if (head.transfer_encoding_count > 1) return bad("the request has more than one Transfer-Encoding");
  if (head.transfer_encoding_count == 1) return refuse_transfer_encoding(head);
  if (head.content_length_count > 1) return bad("the request has more than one Content-Length");
  if (!head.expect.empty() && !equal_ignoring_case(head.expect, "100-continue")) {
    return Refusal{417, ErrorCode::bad_request, "the only expectation known here is 100-continue"};
  }
  return std::nullopt;
}

Status check_may_change(const RequestHead& head, bool on_loopback) {
  if (!on_loopback) {
    return fail(
        ErrorCode::forbidden,
        "this changes the daemon's state and is allowed over loopback only: send it on the daemon's own machine");
  }
  std::string_view origin = head.origin;
  if (origin.empty()) return {};
  constexpr std::string_view scheme = "http://";
  if (origin.starts_with(scheme) && equal_ignoring_case(origin.substr(scheme.size()), head.host)) return {};
  return fail(ErrorCode::forbidden, "a web page of another origin may not change the daemon's state");
}

bool host_allowed(const HostRule& rule, std::string_view host) noexcept {
  if (!rule.only_local || rule.any_host) return true;
  const std::size_t name_end = host.starts_with('[') ? host.find(']') : host.find(':');
  if (host.starts_with('[') && name_end == std::string_view::npos) return false;
  const std::size_t cut = host.starts_with('[') ? name_end + 1 : std::min(name_end, host.size());
  const std::string_view name = host.substr(0, cut);
  const std::string_view port = host.substr(cut);
  if (!port.empty() && (port.front() != ':' || (port.size() > 1 && !parse_number(port.substr(1))))) return false;
  return equal_ignoring_case(name, "localhost") || is_ipv4_loopback(name) || name == "[::1]" ||
         equal_ignoring_case(name, rule.bound_host);
}

}  // namespace seekfs::http
