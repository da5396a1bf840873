// Refusals before a byte of the body is read.
#include "http/routes/body_length.h"

#include <fmt/format.h>

namespace seekfs::http {

Status check_body_length(Exchange& exchange) {
  if (!exchange.head.content_length) {
    exchange.note.status = 411;
    return fail(ErrorCode::bad_request, "the request has no Content-Length");
  }
  const std::size_t limit = exchange.shared.options.max_body_bytes;
  if (*exchange.head.content_length > limit) {
    return fail(ErrorCode::too_large, fmt::format("the body is longer than {} bytes", limit));
  }
  return {};
}

}  // namespace seekfs::http
