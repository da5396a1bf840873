// What names a state of an object: its ETag and its version, as S3 spells them in heads and documents.
// RFC 9110 section 8.8.3; https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

/// With its quotes, which some servers leave out. `corrupt` when there is none, or a weak one: that names no bytes.
Result<std::string> entity_tag(std::string_view text);
/// The same of the ETag header.
Result<std::string> entity_tag_of(const HttpReplyHead& head);

/// x-amz-version-id; nothing where the bucket has no versions, or had none when the object was put ("null").
std::optional<std::string> version_id_of(const HttpReplyHead& head);

}  // namespace seekfs::objectstore::s3
