// The loop around attempts.
#include "objectstore/s3/exchange.h"

#include <utility>

#include "base/units.h"
#include "objectstore/s3/xml.h"

namespace seekfs::objectstore::s3 {
namespace {

/// A list of 1,000 keys, each as long as it may be and percent-encoded, has under 4 MiB.
constexpr std::uint64_t max_reply = 8 * MiB;

/// Takes the body of a good answer whole; that of an error is short.
class ReplyReceiver final : public HttpReceiver {
 public:
  Choice on_head(const HttpReplyHead& head) override {
    if (head.status >= 200 && head.status < 300) return {.sink = &sink_};
    return {};
  }
  Result<HttpReply> complete(Result<HttpReply> reply) {
    if (!reply || reply->head.status < 200 || reply->head.status >= 300) return reply;
    if (sink_.overflowed()) return fail(ErrorCode::corrupt, "the answer is over 8 MiB");
    reply->body = sink_.take();
    return reply;
  }

 private:
  StringSink sink_{max_reply};
};

async::Task<HttpReply> send_once(HttpClient& http, HttpRequest request) {
  ReplyReceiver receiver;
  const auto transfer = http.start(std::move(request), receiver);
  co_return receiver.complete(co_await transfer->wait());
}

/// What went wrong with an exchange; nothing: its answer is good.
std::optional<Failure> failure_of(const Result<HttpReply>& reply, const S3Request& request) {
  if (!reply) return classify_transport(reply.error(), request.action);
  const bool good_status = reply->head.status >= 200 && reply->head.status < 300;
  // Long operations begin their 200 before they know how they end.
  const bool may_be_error = reply->body.find("<Error") != std::string::npos;
  const std::optional<ErrorDocument> error = may_be_error ? parse_error(reply->body) : std::nullopt;
  if (good_status && !error) return std::nullopt;
  if (error && !request.expected_error.empty() && error->code == request.expected_error) return std::nullopt;
  return classify_reply(*reply, request.action);
}

}  // namespace

async::Task<HttpReply> send_until_answered(const EngineParts& parts, const AttemptLimits& limits,
                                           const S3Request& request, RequestOptions options) {
  Attempts attempts(parts, limits, options);
  while (true) {
    const env::TimePoint deadline = attempts.deadline(request.body_range.len);
    SEEKFS_CO_ASSIGN(SignedHttp sent, co_await parts.signer.sign(request, deadline));
    sent.request.deadline = deadline;
    const OriginGate::RetryToken paid = attempts.paid();
    OriginMetrics::Request measured(parts.metrics, request.op, options.purpose);
    Result<HttpReply> reply = co_await send_once(parts.http, sent.request);
    const std::optional<Failure> failure = failure_of(reply, request);
    measured.end(failure ? std::optional(failure->error.code) : std::nullopt);
    if (const auto answer = failure ? failure->answer() : OriginAnswer::success) parts.gate.report(*answer, paid);
    if (!failure) {
      parts.metrics.bytes(options.purpose).add(request.body_range.len);
      co_return *std::move(reply);
    }
    SEEKFS_CO_TRY(co_await attempts.after(*failure, sent));
  }
}

}  // namespace seekfs::objectstore::s3
