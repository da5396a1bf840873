// The table of S3's error codes. Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; which are
// throttling and which transient: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#include "objectstore/s3/failure.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "objectstore/s3/object_head.h"
#include "objectstore/s3/store_text.h"
#include "objectstore/s3/xml.h"

namespace seekfs::objectstore::s3 {
namespace {

struct Row {
  std::string_view code;
  FailureKind kind;
  ErrorCode error;
};

constexpr Row rows[] = {
    {"SlowDown", FailureKind::throttled, ErrorCode::throttled},
    {"Throttling", FailureKind::throttled, ErrorCode::throttled},
    {"ThrottlingException", FailureKind::throttled, ErrorCode::throttled},
    {"ThrottledException", FailureKind::throttled, ErrorCode::throttled},
    {"RequestThrottled", FailureKind::throttled, ErrorCode::throttled},
    {"RequestThrottledException", FailureKind::throttled, ErrorCode::throttled},
    {"RequestLimitExceeded", FailureKind::throttled, ErrorCode::throttled},
    {"TooManyRequests", FailureKind::throttled, ErrorCode::throttled},
    {"TooManyRequestsException", FailureKind::throttled, ErrorCode::throttled},
    {"BandwidthLimitExceeded", FailureKind::throttled, ErrorCode::throttled},
    {"LimitExceededException", FailureKind::throttled, ErrorCode::throttled},
    {"ProvisionedThroughputExceededException", FailureKind::throttled, ErrorCode::throttled},
    {"EC2ThrottledException", FailureKind::throttled, ErrorCode::throttled},

    {"InternalError", FailureKind::transient, ErrorCode::transient},
    {"ServiceUnavailable", FailureKind::transient, ErrorCode::transient},
    {"RequestTimeout", FailureKind::transient, ErrorCode::transient},
    {"RequestTimeoutException", FailureKind::transient, ErrorCode::transient},
    {"IncompleteBody", FailureKind::transient, ErrorCode::transient},
    {"BadDigest", FailureKind::transient, ErrorCode::transient},
    {"XAmzContentSHA256Mismatch", FailureKind::transient, ErrorCode::transient},

    {"ConditionalRequestConflict", FailureKind::conditional_conflict, ErrorCode::transient},
    {"OperationAborted", FailureKind::conditional_conflict, ErrorCode::transient},

    {"ExpiredToken", FailureKind::expired_credentials, ErrorCode::denied},
    {"ExpiredTokenException", FailureKind::expired_credentials, ErrorCode::denied},
    {"TokenRefreshRequired", FailureKind::expired_credentials, ErrorCode::denied},
    {"InvalidToken", FailureKind::expired_credentials, ErrorCode::denied},
    {"InvalidAccessKeyId", FailureKind::expired_credentials, ErrorCode::denied},
    // versitygw's word for it, with status 404: it says nothing of the object.
    {"XAdminUserNotFound", FailureKind::expired_credentials, ErrorCode::denied},

    {"AuthorizationHeaderMalformed", FailureKind::wrong_region, ErrorCode::denied},
    {"PermanentRedirect", FailureKind::wrong_region, ErrorCode::denied},
    {"TemporaryRedirect", FailureKind::wrong_region, ErrorCode::denied},
    {"IllegalLocationConstraintException", FailureKind::wrong_region, ErrorCode::denied},

    {"RequestTimeTooSkewed", FailureKind::clock_skew, ErrorCode::denied},
    {"RequestExpired", FailureKind::clock_skew, ErrorCode::denied},

    // A header or an operation that this server never takes, e.g. the condition of a PUT.
    {"NotImplemented", FailureKind::final, ErrorCode::invalid},
    {"NoSuchKey", FailureKind::final, ErrorCode::not_found},
    {"NoSuchVersion", FailureKind::final, ErrorCode::not_found},
    // Somebody else completed or aborted it: the object may well be there.
    {"NoSuchUpload", FailureKind::final, ErrorCode::transient},
    // The store gave other ETags to the parts than it knows now, or others wrote to them.
    {"InvalidPart", FailureKind::final, ErrorCode::corrupt},
    // The store as a whole is away: no statement about the object.
    {"NoSuchBucket", FailureKind::final, ErrorCode::transient},
    {"PreconditionFailed", FailureKind::final, ErrorCode::precondition_failed},
    {"InvalidRange", FailureKind::final, ErrorCode::invalid},
    {"KeyTooLongError", FailureKind::final, ErrorCode::invalid},
    {"EntityTooLarge", FailureKind::final, ErrorCode::invalid},
};

/// For answers without a code, as those to HEAD are.
Row row_of_status(int status) {
  switch (status) {
    case 301:
    case 307: return {"", FailureKind::wrong_region, ErrorCode::denied};
    case 404: return {"", FailureKind::final, ErrorCode::not_found};
    case 408: return {"", FailureKind::transient, ErrorCode::transient};
    case 409: return {"", FailureKind::conditional_conflict, ErrorCode::transient};
    case 412: return {"", FailureKind::final, ErrorCode::precondition_failed};
    case 416: return {"", FailureKind::final, ErrorCode::invalid};
    case 429:
    case 503: return {"", FailureKind::throttled, ErrorCode::throttled};
    case 501: return {"", FailureKind::final, ErrorCode::invalid};
    default: break;
  }
  if (status >= 500) return {"", FailureKind::transient, ErrorCode::transient};
  // 401, 403 and what else a server refuses: credentials, permissions, keys of KMS, archived objects.
  return {"", FailureKind::final, ErrorCode::denied};
}

Row row_of(const HttpReply& reply, std::string_view code) {
  // A version that is a delete marker is answered with 405; other 405s are refusals.
  if (reply.head.find("x-amz-delete-marker") == "true") return {code, FailureKind::final, ErrorCode::not_found};
  const auto* const found = std::ranges::find(rows, code, &Row::code);
  if (found != std::end(rows)) return *found;
  if (!code.empty() && reply.head.status == 400) return {code, FailureKind::final, ErrorCode::denied};
  // A success that carries an <Error> with a code that we don't know, e.g. of a CompleteMultipartUpload that broke.
  if (reply.head.status < 300) return {code, FailureKind::transient, ErrorCode::transient};
  return row_of_status(reply.head.status);
}

std::optional<std::chrono::milliseconds> number_header(const HttpReplyHead& head, std::string_view name,
                                                       std::uint64_t unit_ms) {
  const auto text = head.find(name);
  if (!text) return std::nullopt;
  const auto value = parse_number(*text);
  constexpr std::uint64_t a_day = 86'400'000;
  if (!value || *value > a_day / unit_ms) return std::nullopt;
  return std::chrono::milliseconds(*value * unit_ms);
}

/// x-amz-retry-after counts milliseconds, Retry-After seconds.
std::optional<std::chrono::milliseconds> retry_after_of(const HttpReplyHead& head) {
  if (const auto wish = number_header(head, "x-amz-retry-after", 1)) return wish;
  return number_header(head, "retry-after", 1000);
}

std::string_view advice(std::string_view code, ErrorCode error) {
  if (code == "NoSuchBucket") return "; check [s3] bucket, endpoint and region";
  if (code == "SignatureDoesNotMatch") return "; the secret key does not belong to the access key";
  if (code == "InvalidAccessKeyId" || code == "XAdminUserNotFound") return "; the access key is unknown there";
  if (code == "InvalidObjectState") return "; the object is archived: restore it first";
  if (code.starts_with("KMS.")) return "; the key that encrypts the object cannot be used";
  if (code == "NotImplemented") return "; the server has no such operation or condition";
  if (error == ErrorCode::denied) return "; see the permissions that `seekfs-ctl doctor` prints";
  return "";
}

}  // namespace

std::optional<OriginAnswer> Failure::answer() const noexcept {
  if (!heard) return std::nullopt;
  switch (kind) {
    case FailureKind::transient: return OriginAnswer::transient;
    case FailureKind::throttled: return OriginAnswer::throttled;
    default: return OriginAnswer::success;
  }
}

std::string request_ids(const HttpReplyHead& head) {
  const auto request = head.find("x-amz-request-id");
  if (!request) return "";
  const auto host = head.find("x-amz-id-2");
  return host ? fmt::format(" (request id {}, host id {})", store_text(*request), store_text(*host))
              : fmt::format(" (request id {})", store_text(*request));
}

Failure classify_reply(const HttpReply& reply, std::string_view action) {
  const ErrorDocument document = parse_error(reply.body).value_or(ErrorDocument{});
  const Row row = row_of(reply, document.code);
  const std::string said = document.code.empty()
                               ? std::string()
                               : fmt::format(" {}: {}", store_text(document.code), store_text(document.message));
  Failure failure{
      .kind = row.kind,
      .error = Error(row.error, fmt::format("{}: the store answers {}{}{}{}", action, reply.head.status, said,
                                            request_ids(reply.head), advice(document.code, row.error)))};
  failure.retry_after = retry_after_of(reply.head);
  failure.error.retry_after = failure.retry_after;
  if (row.kind == FailureKind::wrong_region) {
    failure.region = std::string(reply.head.find("x-amz-bucket-region").value_or(document.region));
    if (failure.region.empty()) failure.kind = FailureKind::final;
  }
  if (row.kind == FailureKind::clock_skew) {
    failure.server_time = time_header(reply.head, "date");
    if (!failure.server_time) failure.kind = FailureKind::final;
  }
  return failure;
}

Failure classify_transport(const Error& error, std::string_view action) {
  const bool again =
      error.code == ErrorCode::transient || error.code == ErrorCode::corrupt || error.code == ErrorCode::timeout;
  Failure failure{.kind = again ? FailureKind::transient : FailureKind::final, .error = error.with_context(action)};
  failure.heard = again;
  // A URL or a certificate file of ours says nothing of the object.
  if (error.code == ErrorCode::invalid || error.code == ErrorCode::internal) failure.error.code = ErrorCode::denied;
  return failure;
}

Failure broken_answer(std::string_view what, const HttpReplyHead& head, std::string_view action) {
  return {.kind = FailureKind::transient,
          .error = Error(ErrorCode::corrupt, fmt::format("{}: {}{}", action, what, request_ids(head)))};
}

}  // namespace seekfs::objectstore::s3
