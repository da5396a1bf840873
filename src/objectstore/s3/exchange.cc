// The loop around attempts.
#include "objectstore/s3/exchange.h"

#include <chrono>
#include <utility>

#include "base/units.h"
#include "objectstore/s3/object_head.h"
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

/// One request, measured and told to the gate. `attempts`: of which it is one; null: it answers a question of its own.
struct Try {
  SignedHttp sent;
  Result<HttpReply> reply;
  std::optional<Failure> failure;
};

async::Task<Try> try_once(const EngineParts& parts, const S3Request& request, Purpose purpose, env::TimePoint deadline,
                          Attempts* attempts) {
  SEEKFS_CO_ASSIGN(SignedHttp sent, co_await parts.signer.sign(request, deadline));
  sent.request.deadline = deadline;
  const OriginGate::RetryToken paid = attempts == nullptr ? OriginGate::RetryToken() : attempts->spend();
  const env::TimePoint sent_at = parts.timers.clock().now();
  OriginMetrics::Request measured(parts.metrics, request.op, purpose);
  Result<HttpReply> reply = co_await send_once(parts.http, sent.request);
  std::optional<Failure> failure = failure_of(reply, request);
  measured.end(failure ? std::optional(failure->error.code) : std::nullopt);
  const auto answer = failure ? failure->answer() : OriginAnswer::success;
  if (answer) parts.gate.report(*answer, sent_at, paid);
  co_return Try{.sent = std::move(sent), .reply = std::move(reply), .failure = std::move(failure)};
}

/// Answers to HEAD have no body that says why.
bool refuses_without_reason(const S3Request& request, const Try& tried, int status) {
  return request.method == "HEAD" && tried.reply && tried.reply->head.status == status;
}

/// A clock that is wrong is refused with 403, as much else is.
void see_skew(const S3Request& request, Try& tried) {
  constexpr std::chrono::minutes tolerated(5);
  if (!refuses_without_reason(request, tried, 403) || !tried.sent.credentials) return;
  const auto now = time_header(tried.reply->head, "date");
  if (!now || std::chrono::abs(*now - tried.sent.signed_at) <= tolerated) return;
  tried.failure->kind = FailureKind::clock_skew;
  tried.failure->server_time = now;
}

/// Expired credentials, another region and what no correction mends are all a 400: the same question as a GET of one
/// byte is told which. Nothing when it is answered well.
async::Task<std::optional<Failure>> ask_for_reason(const EngineParts& parts, S3Request question, Purpose purpose,
                                                   env::TimePoint deadline) {
  question.op = OriginOp::get;
  question.method = "GET";
  question.headers.push_back({"range", range_header({0, 1})});
  SEEKFS_CO_ASSIGN(Try tried, co_await try_once(parts, question, purpose, deadline, nullptr));
  const bool is_empty = tried.reply && tried.reply->head.status == 416;  // an object without a first byte
  if (is_empty) co_return std::nullopt;
  co_return std::move(tried.failure);
}

}  // namespace

async::Task<HttpReply> send_until_answered(const EngineParts& parts, const AttemptLimits& limits,
                                           const S3Request& request, RequestOptions options, PermitUse& permit) {
  if (const auto allowed = co_await permit.next(); !allowed) {
    co_return std::unexpected(allowed.error().with_context(request.action));
  }
  Attempts attempts(parts, limits, options, permit);
  bool asked_for_reason = false;
  while (true) {
    const env::TimePoint deadline = attempts.deadline(request.body_range.len);
    SEEKFS_CO_ASSIGN(Try tried, co_await try_once(parts, request, options.purpose, deadline, &attempts));
    if (!tried.failure) {
      parts.metrics.bytes(options.purpose).add(request.body_range.len);
      co_return std::move(tried.reply);
    }
    see_skew(request, tried);
    if (refuses_without_reason(request, tried, 400) && !std::exchange(asked_for_reason, true) &&
        co_await permit.next()) {
      SEEKFS_CO_ASSIGN(std::optional<Failure> reason,
                       co_await ask_for_reason(parts, request, options.purpose, deadline));
      if (reason) tried.failure = std::move(reason);
    }
    SEEKFS_CO_TRY(co_await attempts.after(*tried.failure, tried.sent));
  }
}

}  // namespace seekfs::objectstore::s3
