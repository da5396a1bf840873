// Requests as the engine makes them, but each seen by itself: no retries, no metrics.
#include "cli/doctor/s3_checks.h"

#include "async/sync_wait.h"
#include "base/http_date.h"
#include "cli/doctor/judge.h"
#include "cli/text_format.h"
#include "objectstore/s3/request_signer.h"
#include "objectstore/s3/xml.h"

namespace seekfs::cli {
namespace {

namespace s3 = objectstore::s3;

class S3Check {
 public:
  explicit S3Check(const S3Target& target)
      : target_(target), signer_(target.endpoint, target.credentials, target.clock) {}

  Finding connection() {
    const auto start = now();
    Result<s3::HttpReply> first = ask(head_of_bucket(true));
    const auto between = now();
    // A server that takes one connection and no other would be found here.
    Result<s3::HttpReply> again = first ? ask(head_of_bucket(false)) : first;
    const auto end = now();
    ConnectionSeen seen{
        .endpoint = target_.endpoint.description(), .status = 0, .first = between - start, .again = end - between};
    if (again) {
      seen.status = again->head.status;
      const auto text = again->head.find("date");
      date_ = text ? parse_http_date(*text) : std::nullopt;
    } else {
      seen.status = std::unexpected(again.error());
    }
    return judge_connection(seen);
  }

  /// After connection().
  Finding clock() const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(target_.clock.wall_now().time_since_epoch());
    return judge_clock(date_, seconds.count());
  }

  Finding credentials() {
    const auto found = async::sync_wait(target_.credentials.get(deadline()));
    anonymous_ = found && !*found;
    return judge_credentials(found, target_.credentials.source(), target_.clock.wall_now());
  }

  /// Corrects region and clock by what the store answers, as the engine does, so that one fault does not hide others.
  Finding bucket() {
    BucketSeen seen{.where = target_.endpoint.description(),
                    .prefix = target_.prefix,
                    .source = target_.credentials.source(),
                    .anonymous = anonymous_,
                    .region = target_.endpoint.region()};
    constexpr int most_tries = 3;
    for (int tries = 1;; ++tries) {
      const auto signed_request = async::sync_wait(signer_.sign(list_request(), deadline()));
      if (!signed_request) return unanswered(seen, signed_request.error());
      s3::HttpRequest request = signed_request->request;
      request.deadline = deadline();
      const Result<s3::HttpReply> reply = ask(std::move(request));
      if (!reply) return unanswered(seen, reply.error());
      seen.status = reply->head.status;
      if (seen.status >= 200 && seen.status < 300) return listed(std::move(seen), reply->body);
      const s3::Failure failure = s3::classify_reply(*reply, "list");
      if (tries < most_tries && is_corrected(failure) && signer_.correct(failure, *signed_request)) {
        if (failure.kind == s3::FailureKind::wrong_region) seen.moved = failure.region;
        continue;
      }
      const s3::ErrorDocument document = s3::parse_error(reply->body).value_or(s3::ErrorDocument{});
      seen.code = document.code;
      seen.message = document.message;
      return judge_bucket(seen);
    }
  }

 private:
  env::TimePoint now() const { return target_.clock.now(); }
  env::TimePoint deadline() const { return now() + target_.timeout; }
  Result<s3::HttpReply> ask(s3::HttpRequest request) const {
    return async::sync_wait(s3::exchange(target_.http, std::move(request)));
  }

  s3::HttpRequest head_of_bucket(bool fresh) const {
    return {.method = "HEAD", .url = target_.endpoint.url("", {}), .deadline = deadline(), .fresh_connection = fresh};
  }

  s3::S3Request list_request() const {
    return {.op = objectstore::OriginOp::list,
            .query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", "1"}, {"prefix", target_.prefix}},
            .action = "list"};
  }

  static bool is_corrected(const s3::Failure& failure) {
    return failure.kind == s3::FailureKind::wrong_region || failure.kind == s3::FailureKind::clock_skew;
  }

  static Finding listed(BucketSeen seen, std::string_view body) {
    const Result<s3::ListDocument> document = s3::parse_list(body);
    if (!document) {
      return Finding::fail("bucket", seen.where + " does not answer a list as S3 does",
                           "correct [s3] endpoint: this is no S3 server, or something before it changes its answers");
    }
    seen.empty = document->objects.empty();
    return judge_bucket(seen);
  }

  static Finding unanswered(const BucketSeen& seen, const Error& error) {
    return Finding::fail("bucket", seen.where + ": " + printable(error.message), "look at the server's log, try again");
  }

  const S3Target& target_;
  s3::RequestSigner signer_;
  std::optional<std::int64_t> date_;  ///< by the server
  bool anonymous_ = false;
};

}  // namespace

Result<bool> check_s3(const S3Target& target, const FindingSink& sink) {
  S3Check check(target);
  const Finding connection = check.connection();
  SEEKFS_TRY(sink(connection));
  if (connection.grade != Grade::fail) SEEKFS_TRY(sink(check.clock()));
  // Asked for without a server, too: where they come from is what a person looks for first.
  const Finding credentials = check.credentials();
  SEEKFS_TRY(sink(credentials));
  if (connection.grade == Grade::fail || credentials.grade == Grade::fail) return false;
  const Finding bucket = check.bucket();
  SEEKFS_TRY(sink(bucket));
  return bucket.grade != Grade::fail;
}

}  // namespace seekfs::cli
