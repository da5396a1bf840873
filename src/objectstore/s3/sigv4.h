// AWS Signature Version 4 in the Authorization header.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "objectstore/s3/credentials.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
/// SHA-256 of nothing, in hex.
extern const std::string_view empty_payload_hash;

/// What is signed. Headers are signed all; the caller leaves out those that the HTTP client may change.
struct SigningRequest {
  std::string method;
  std::string path;                                        ///< as it is sent: "/bucket/a%20b"
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded
  std::vector<HttpHeader> headers;                         ///< with Host
  std::string payload_hash;                                ///< hex of its SHA-256, or unsigned_payload
};

/// The rules that differ by service. The defaults are those of S3: the path is encoded once and not normalised.
struct SigningRules {
  std::string region;
  std::string service = "s3";
  bool encode_path_again = false;
  bool normalize_path = false;
  bool content_hash_header = true;  ///< x-amz-content-sha256 is added and signed
};

struct SignedRequest {
  std::string canonical_request;
  std::string string_to_sign;
  /// To be added to the request: x-amz-date, x-amz-content-sha256, x-amz-security-token, authorization.
  std::vector<HttpHeader> headers;
};

/// A pure function; `now` is corrected for the server's clock by the caller.
SignedRequest sign_v4(const SigningRequest& request, const Credentials& credentials, const SigningRules& rules,
                      std::chrono::system_clock::time_point now);

}  // namespace seekfs::objectstore::s3
