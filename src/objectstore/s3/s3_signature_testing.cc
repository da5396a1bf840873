// The server's side of SigV4, with the signer under test: the signer itself is proven by the public vectors.
#include "objectstore/s3/s3_signature_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "objectstore/s3/sigv4.h"

namespace seekfs::objectstore::s3 {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

std::unexpected<S3Problem> refuse(int status, std::string code, std::string message) {
  return std::unexpected(S3Problem{.status = status, .code = std::move(code), .message = std::move(message)});
}

/// Takes the text up to `end`, which is dropped; all of it when there is none.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const std::size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return taken;
}

struct Authorization {
  std::string_view access_key_id;
  std::string_view region;
  std::string_view service;
  std::string_view signed_headers;
};

std::optional<Authorization> parse_authorization(std::string_view text) {
  Authorization result;
  if (take_until(text, "Credential=") != "AWS4-HMAC-SHA256 ") return std::nullopt;
  std::string_view scope = take_until(text, ", SignedHeaders=");
  result.access_key_id = take_until(scope, "/");
  take_until(scope, "/");
  result.region = take_until(scope, "/");
  result.service = take_until(scope, "/");
  if (scope != "aws4_request") return std::nullopt;
  result.signed_headers = take_until(text, ", Signature=");
  if (text.empty()) return std::nullopt;
  return result;
}

/// "20150830T123600Z"
std::optional<TimePoint> parse_stamp(std::string_view text) {
  constexpr std::string_view shape = "00000000T000000Z";
  if (text.size() != shape.size()) return std::nullopt;
  for (std::size_t at = 0; at < shape.size(); ++at) {
    const bool digit = text[at] >= '0' && text[at] <= '9';
    if (shape[at] == '0' ? !digit : text[at] != shape[at]) return std::nullopt;
  }
  const auto field = [text](std::size_t at, std::size_t size) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  const std::chrono::year_month_day day(std::chrono::year(field(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(field(4, 2))),
                                        std::chrono::day(static_cast<unsigned>(field(6, 2))));
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(field(9, 2)) + std::chrono::minutes(field(11, 2)) +
         std::chrono::seconds(field(13, 2));
}

/// The signed headers, without those that the signer adds itself.
std::vector<HttpHeader> headers_to_sign(const ServedRequest& request, std::string_view names) {
  std::vector<HttpHeader> headers;
  while (!names.empty()) {
    const std::string_view name = take_until(names, ";");
    if (name == "x-amz-date" || name == "x-amz-content-sha256" || name == "x-amz-security-token") continue;
    for (const auto& [key, value] : request.headers) {
      if (key == name) headers.push_back({key, value});
    }
  }
  return headers;
}

/// Every header of these must be among the signed ones.
bool signs_enough(const ServedRequest& request, std::string_view names) {
  const std::string list = fmt::format(";{};", names);
  if (!list.contains(";host;")) return false;
  return std::ranges::all_of(request.headers, [&list](const auto& header) {
    return !header.first.starts_with("x-amz-") || list.contains(';' + header.first + ';');
  });
}

S3Answer<void> check_account(const FakeAccount* account, const ServedRequest& request) {
  if (!account) {
    return refuse(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.");
  }
  if (account->session_token != request.header("x-amz-security-token")) {
    return refuse(400, "InvalidToken", "The provided token is malformed or otherwise invalid.");
  }
  if (account->expired) return refuse(400, "ExpiredToken", "The provided token has expired.");
  return {};
}

}  // namespace

S3Answer<void> check_signature(const ServedS3Request& request, const std::vector<FakeAccount>& accounts,
                               std::string_view region, TimePoint now) {
  constexpr std::chrono::minutes allowed_skew(15);
  const ServedRequest& http = *request.http;
  const std::string_view given = http.header("authorization");
  if (given.empty()) return refuse(403, "AccessDenied", "Access Denied");
  const auto authorization = parse_authorization(given);
  if (!authorization) {
    return refuse(400, "AuthorizationHeaderMalformed", "The authorization header is malformed");
  }
  const auto account = std::ranges::find(accounts, authorization->access_key_id, &FakeAccount::access_key_id);
  const FakeAccount* known = account == accounts.end() ? nullptr : &*account;
  if (const auto right = check_account(known, http); !right) return right;
  if (authorization->region != region || authorization->service != "s3") {
    return refuse(400, "AuthorizationHeaderMalformed",
                  fmt::format("The authorization header is malformed; the region '{}' is wrong; expecting '{}'",
                              authorization->region, region));
  }
  const auto signed_at = parse_stamp(http.header("x-amz-date"));
  if (!signed_at) return refuse(403, "AccessDenied", "AWS authentication requires a valid x-amz-date header");
  if (*signed_at > now + allowed_skew || *signed_at < now - allowed_skew) {
    return refuse(403, "RequestTimeTooSkewed",
                  "The difference between the request time and the current time is too large.");
  }
  const std::string_view payload_hash = http.header("x-amz-content-sha256");
  if (payload_hash.empty()) {
    return refuse(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  }
  const Credentials credentials{.access_key_id = known->access_key_id,
                                .secret_access_key = known->secret_access_key,
                                .session_token = known->session_token,
                                .expiration = std::nullopt};
  const SigningRequest signing{.method = http.method,
                               .path = request.path,
                               .query = request.query,
                               .headers = headers_to_sign(http, authorization->signed_headers),
                               .payload_hash = std::string(payload_hash)};
  const SignedRequest expected = sign_v4(signing, credentials, {.region = std::string(region)}, *signed_at);
  if (!signs_enough(http, authorization->signed_headers) || expected.headers.back().value != given) {
    return refuse(403, "SignatureDoesNotMatch",
                  "The request signature we calculated does not match the signature you provided. Check your key and "
                  "signing method.");
  }
  return {};
}

}  // namespace seekfs::objectstore::s3
