// Where a request goes: the scheme, host and port of its URL.
#pragma once

#include <string>

#include "base/error.h"

namespace seekfs::objectstore::s3 {

struct UrlOrigin {
  std::string name;  ///< "host:port", for messages
  /// A loopback or link-local host, or the address range of a cloud's instance services: never behind a proxy.
  bool local = false;
};

/// Errors: invalid (not an absolute http or https URL with a host; or with a user name in it).
Result<UrlOrigin> url_origin(const std::string& url);

}  // namespace seekfs::objectstore::s3
