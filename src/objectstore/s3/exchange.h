// Requests with small answers, HEAD, LIST, DELETE, PUT and the steps of an upload: sent until one is answered for good.
#pragma once

#include "objectstore/s3/attempts.h"

namespace seekfs::objectstore::s3 {

/// The answer, its status being 2xx and its body no <Error>, but for S3Request::expected_error. Every request, the
/// first included, asks `permit`. Errors are the store contract's.
async::Task<HttpReply> send_until_answered(const EngineParts& parts, const AttemptLimits& limits,
                                           const S3Request& request, RequestOptions options, PermitUse& permit);

}  // namespace seekfs::objectstore::s3
