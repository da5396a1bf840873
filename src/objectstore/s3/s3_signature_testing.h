// What a server does with the signature of a request: it recomputes it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "objectstore/s3/fake_bucket_testing.h"
#include "objectstore/s3/s3_request_testing.h"

namespace seekfs::objectstore::s3 {

struct FakeAccount {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  bool expired = false;
};

/// Nothing wrong, or one of AccessDenied (no signature), InvalidAccessKeyId, ExpiredToken, InvalidToken,
/// AuthorizationHeaderMalformed (also: signed for another region), RequestTimeTooSkewed (15 minutes),
/// SignatureDoesNotMatch, InvalidRequest.
S3Answer<void> check_signature(const ServedS3Request& request, const std::vector<FakeAccount>& accounts,
                               std::string_view region, std::chrono::system_clock::time_point now);

}  // namespace seekfs::objectstore::s3
