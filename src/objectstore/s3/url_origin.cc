// Taking a URL apart with libcurl's own parser, so that both see the same host.
#include "objectstore/s3/url_origin.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string_view>

#include "objectstore/s3/curl_handles.h"

namespace seekfs::objectstore::s3 {
namespace {

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  const CurlText owner(text);
  return text;
}

bool local_ipv4(const std::string& host) {
  std::array<std::uint8_t, 4> address{};
  if (inet_pton(AF_INET, host.c_str(), address.data()) != 1) return false;
  return address[0] == 127 || (address[0] == 169 && address[1] == 254);
}

bool local_ipv6(std::string_view bracketed) {
  if (bracketed.size() < 2 || bracketed.front() != '[') return false;
  const std::string text(bracketed.substr(1, bracketed.size() - 2));
  std::array<std::uint8_t, 16> address{};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1) return false;
  const std::array<std::uint8_t, 16> loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const bool link_local = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
  // fd00:ec2::/32: the IPv6 addresses of the EC2 metadata service and of the EKS credentials agent.
  const bool instance_service = address[0] == 0xfd && address[1] == 0 && address[2] == 0x0e && address[3] == 0xc2;
  return address == loopback || link_local || instance_service;
}

}  // namespace

Result<UrlOrigin> url_origin(const std::string& url) {
  const CurlUrl parsed(curl_url());
  if (!parsed) return fail(ErrorCode::exhausted, "no memory to read a URL");
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(),
                                      CURLU_PATH_AS_IS | CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) {
    // The URL itself may hold a secret: a signature, or the user's name and password.
    return fail(ErrorCode::invalid, fmt::format("not a URL for a request: {}", curl_url_strerror(code)));
  }
  const std::string scheme = part(parsed.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return fail(ErrorCode::invalid, fmt::format("a URL of scheme '{}'; it must be http or https", scheme));
  }
  const std::string host = part(parsed.get(), CURLUPART_HOST);
  if (host.empty()) return fail(ErrorCode::invalid, "a URL without a host");
  const std::string port = part(parsed.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return UrlOrigin{
      .name = fmt::format("{}:{}", host, port),
      .local = host == "localhost" || host.ends_with(".localhost") || local_ipv4(host) || local_ipv6(host)};
}

}  // namespace seekfs::objectstore::s3
