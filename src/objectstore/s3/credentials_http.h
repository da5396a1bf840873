// Requests to the services that give credentials, from a blocking source.
#pragma once

#include <chrono>

#include "objectstore/s3/credentials_source.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

struct ServiceTries {
  std::chrono::milliseconds each;  ///< how long one may take
  int count = 1;                   ///< at least 1; another follows at once when a try brought no answer or a 5xx
};

/// Whatever the last try answered. Errors as HttpTransfer::wait(); `invalid` when the answer passes 1 MiB.
Result<HttpReply> ask_service(const FetchContext& context, const HttpRequest& request, ServiceTries tries);

/// The error for an answer that is not 200: transient for 429 and 5xx, else denied. It quotes nothing of the answer.
Error service_error(std::string_view what, const HttpReply& reply);

}  // namespace seekfs::objectstore::s3
