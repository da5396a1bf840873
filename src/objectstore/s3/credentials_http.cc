// A transfer that a thread waits for, ended early by a stop request.
#include "objectstore/s3/credentials_http.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "async/sync_wait.h"

namespace seekfs::objectstore::s3 {
namespace {

Result<HttpReply> ask_once(const FetchContext& context, HttpRequest request) {
  WholeReply receiver;
  const std::unique_ptr<HttpTransfer> transfer = context.parts.http.start(std::move(request), receiver);
  const std::stop_callback on_stop(context.stop, [&transfer] { transfer->cancel(); });
  return async::sync_wait(transfer->wait());
}

bool is_worth_another(const Result<HttpReply>& reply) {
  if (reply) return reply->head.status >= 500;
  return reply.error().code == ErrorCode::transient || reply.error().code == ErrorCode::timeout;
}

}  // namespace

Result<HttpReply> ask_service(const FetchContext& context, const HttpRequest& request, ServiceTries tries) {
  for (int left = tries.count;; --left) {
    const env::TimePoint now = context.parts.timers.clock().now();
    HttpRequest timed = request;
    timed.deadline = std::min(context.deadline, now + tries.each);
    Result<HttpReply> reply = ask_once(context, std::move(timed));
    const bool last = left <= 1 || now >= context.deadline || context.stop.stop_requested();
    if (!last && is_worth_another(reply)) continue;
    if (reply && reply->body_cut) return fail(ErrorCode::invalid, "the answer of the credentials service is too long");
    return reply;
  }
}

Error service_error(std::string_view what, const HttpReply& reply) {
  const int status = reply.head.status;
  const bool passing = status == 429 || status >= 500;
  return {passing ? ErrorCode::transient : ErrorCode::denied, fmt::format("{} answers with status {}", what, status)};
}

}  // namespace seekfs::objectstore::s3
