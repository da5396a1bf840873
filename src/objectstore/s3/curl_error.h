// What libcurl's result codes mean to those who started the transfer.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::objectstore::s3 {

struct CurlFailure {
  CURLcode code;
  std::string_view what;       ///< method, host and port
  std::string_view detail;     ///< libcurl's own sentence; may be empty
  int socket_errno = 0;        ///< why no socket could be had; 0: sockets could
  std::string_view ca_bundle;  ///< empty: the system's
};

/// The classes of HttpTransfer::wait().
Error curl_error(const CurlFailure& failure);

}  // namespace seekfs::objectstore::s3
