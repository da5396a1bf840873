// The XML that S3 answers with, as values.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore::s3 {

/// <Error>; fields that are not there are empty.
struct ErrorDocument {
  std::string code;
  std::string message;
  std::string region;  ///< where the bucket is, in errors about a wrong region
};
/// Nothing when `body` is no <Error> document.
std::optional<ErrorDocument> parse_error(std::string_view body);

struct ListDocument {
  std::vector<ObjectInfo> objects;  ///< ETags with quotes; times in whole seconds, as HEAD gives them
  std::vector<std::string> common_prefixes;
  bool truncated = false;
};
/// <ListBucketResult> of ListObjectsV2 with encoding-type=url. `corrupt` when it is not that.
Result<ListDocument> parse_list(std::string_view body);

/// The UploadId of <InitiateMultipartUploadResult>. `corrupt` when there is none.
Result<std::string> parse_upload_id(std::string_view body);
/// The ETag of <CompleteMultipartUploadResult>. `corrupt` when there is none.
Result<std::string> parse_completed_etag(std::string_view body);

struct UploadSummary {
  std::string key;
  std::string upload_id;
  std::optional<std::chrono::system_clock::time_point> initiated;  ///< nothing when the store does not say
};
/// The uploads of <ListMultipartUploadsResult> with encoding-type=url. `corrupt` when it is not that.
Result<std::vector<UploadSummary>> parse_uploads(std::string_view body);

struct PartSummary {
  std::uint32_t number = 0;
  std::uint64_t size = 0;
  std::string etag;                                               ///< with its quotes
  std::optional<std::chrono::system_clock::time_point> modified;  ///< nothing when the store does not say
};
struct PartsDocument {
  std::vector<PartSummary> parts;
  bool truncated = false;
};
/// <ListPartsResult>. `corrupt` when it is not that.
Result<PartsDocument> parse_parts(std::string_view body);

/// The body of CompleteMultipartUpload.
std::string complete_upload_body(const std::vector<PartSummary>& parts);

/// "2026-01-02T03:04:05.678Z" in whole seconds; nothing when it is not such a time.
std::optional<std::chrono::system_clock::time_point> parse_iso_time(std::string_view text);

}  // namespace seekfs::objectstore::s3
