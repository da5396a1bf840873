// What a request must be beyond the grammar of its header: the rules that keep two parties from reading one byte stream
// differently, and foreign web pages out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/request.h"

namespace seekfs::http {

/// Exactly one Host (none in HTTP/1.0 is fine), no Transfer-Encoding, one Content-Length at most, no Expect other than
/// 100-continue.
std::optional<Refusal> check_request(const RequestHead& head);

/// Whether a request may change something: `forbidden` unless it came over loopback (nothing tells who the client is),
/// and when a web page of another origin sent it (RFC 6454: browsers name the page in Origin).
Status check_may_change(const RequestHead& head, bool on_loopback);

/// Which hosts a listener answers to.
struct HostRule {
  /// Set on loopback addresses: a name other than these is somebody's domain that was pointed at this machine (DNS
  /// rebinding), behind which a web page could read the data.
  bool only_local = true;
  std::string bound_host;  ///< the listener's address without its port
  bool any_host = false;   ///< of a Unix socket: no web page gets there, and clients name whatever they like
};

/// `host` is the Host field or the authority of an absolute-form target: localhost, 127.x.y.z, [::1] or the bound
/// address, with any port.
bool host_allowed(const HostRule& rule, std::string_view host) noexcept;

}  // namespace seekfs::http
