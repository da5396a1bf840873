// What holds for the length of every body that a route reads.
#pragma once

#include "http/exchange.h"

namespace seekfs::http {

/// bad_request (411) without a Content-Length; too_large when it is more than ServerOptions::max_body_bytes.
Status check_body_length(Exchange& exchange);

}  // namespace seekfs::http
