// Requests are signed anew for every attempt: a signature holds for minutes only.
#include "objectstore/s3/request_signer.h"

#include "objectstore/s3/sigv4.h"
#include "objectstore/s3/uri.h"

namespace seekfs::objectstore::s3 {

async::Task<SignedHttp> RequestSigner::sign(const S3Request& request, env::TimePoint deadline) {
  if (clock_.now() >= deadline) {
    co_return fail(ErrorCode::timeout, request.action + ": its deadline came before it was sent");
  }
  const Result<CredentialsRef> found = co_await credentials_.get(deadline);
  if (!found) {
    // What can't be read here says nothing of the object: `invalid` is the store's word about a key.
    Error error = found.error();
    if (error.code == ErrorCode::invalid) error.code = ErrorCode::denied;
    co_return std::unexpected(std::move(error));
  }
  const CredentialsRef& credentials = *found;
  const Endpoint at = endpoint();
  SignedHttp out{.request = {.method = request.method,
                             .url = at.url(request.key, request.query),
                             .headers = request.headers,
                             .body = request.body,
                             .body_range = request.body_range},
                 .credentials = credentials,
                 .region = at.region()};
  if (!credentials) co_return out;
  SigningRequest to_sign{
      .method = request.method,
      .path = at.path(request.key),
      .query = request.query,
      .headers = request.headers,
      .payload_hash = request.payload_hash.empty() ? std::string(empty_payload_hash) : request.payload_hash};
  to_sign.headers.push_back({"host", at.host()});
  const auto now = clock_.wall_now() + std::chrono::seconds(clock_offset_seconds_.load(std::memory_order_relaxed));
  out.signed_at = now;
  SignedRequest signature = sign_v4(to_sign, *credentials, {.region = at.region()}, now);
  for (HttpHeader& header : signature.headers) out.request.headers.push_back(std::move(header));
  co_return out;
}

bool RequestSigner::correct(const Failure& failure, const SignedHttp& refused) {
  switch (failure.kind) {
    case FailureKind::expired_credentials: return refused.credentials && credentials_.refresh(refused.credentials);
    case FailureKind::wrong_region: {
      if (failure.region == refused.region || !is_region_name(failure.region)) return false;
      MutexLock lock(mutex_);
      endpoint_ = endpoint_.in_region(failure.region);
      return true;
    }
    case FailureKind::clock_skew:
      clock_offset_seconds_.store(
          std::chrono::duration_cast<std::chrono::seconds>(*failure.server_time - clock_.wall_now()).count(),
          std::memory_order_relaxed);
      return true;
    default: return false;
  }
}

Endpoint RequestSigner::endpoint() const {
  MutexLock lock(mutex_);
  return endpoint_;
}

}  // namespace seekfs::objectstore::s3
