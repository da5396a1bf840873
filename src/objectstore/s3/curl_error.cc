// One table from libcurl's codes to ours. https://curl.se/libcurl/c/libcurl-errors.html
#include "objectstore/s3/curl_error.h"

#include <fmt/format.h>

namespace seekfs::objectstore::s3 {
namespace {

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:  // a user name in the URL
    case CURLE_SSL_CACERT_BADFILE: return ErrorCode::invalid;
    case CURLE_PEER_FAILED_VERIFICATION: return ErrorCode::denied;
    case CURLE_UNSUPPORTED_PROTOCOL:  // the scheme was checked before: what came is not HTTP/1.x
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return ErrorCode::corrupt;
    case CURLE_OUT_OF_MEMORY: return ErrorCode::exhausted;
    case CURLE_FAILED_INIT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_NOT_BUILT_IN:
    case CURLE_BAD_FUNCTION_ARGUMENT: return ErrorCode::internal;
    default: return ErrorCode::transient;  // the network
  }
}

}  // namespace

Error curl_error(const CurlFailure& failure) {
  const std::string_view detail = failure.detail.empty() ? curl_easy_strerror(failure.code) : failure.detail;
  std::string message = fmt::format("{}: {}", failure.what, detail);
  if (failure.code == CURLE_PEER_FAILED_VERIFICATION) {
    message += "; to trust this server's authority set [s3] ca_bundle or AWS_CA_BUNDLE to its PEM file";
  }
  if (failure.code == CURLE_SSL_CACERT_BADFILE) {
    message =
        fmt::format("{}: the certificates of {} can't be read; [s3] ca_bundle or AWS_CA_BUNDLE must name a PEM file",
                    failure.what, failure.ca_bundle.empty() ? "the system" : failure.ca_bundle);
  }
  if (failure.code == CURLE_COULDNT_CONNECT && failure.socket_errno != 0) {
    return error_from_errno(failure.socket_errno, fmt::format("{}: open a socket", failure.what));
  }
  return Error(code_of(failure.code), std::move(message));
}

}  // namespace seekfs::objectstore::s3
