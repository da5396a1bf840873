// A multipart upload: found or begun, its missing parts sent side by side, completed or aborted. Used by upload.cc.
#pragma once

#include <string>
#include <vector>

#include "objectstore/s3/upload.h"

namespace seekfs::objectstore::s3 {

/// As put_object(), in parts.
async::Task<PutReply> put_in_parts(const UploadParts& parts, std::string key, BodySource& body,
                                   const PutOptions& conditions, RequestOptions options);

// Shared with the upload in one request.

std::vector<HttpHeader> condition_headers(const PutOptions& conditions);
async::Task<std::string> payload_hash_of(const UploadParts& parts, BodySource& body, ByteRange range);
/// ETag and version of an answer; `corrupt` without an ETag.
Result<PutReply> put_reply_of(const HttpReplyHead& head, const std::string& action);

}  // namespace seekfs::objectstore::s3
