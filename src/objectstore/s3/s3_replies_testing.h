// Replies in S3's own form: headers of objects, and the XML of errors and lists.
#pragma once

#include <string>
#include <string_view>

#include "objectstore/s3/fake_bucket_testing.h"
#include "objectstore/s3/loopback_http_testing.h"
#include "objectstore/s3/s3_request_testing.h"

namespace seekfs::objectstore::s3 {

/// The problem's status, and its <Error> document with `details` before its end. The reply to HEAD has no body.
ServedReply problem_reply(const S3Problem& problem, const ServedS3Request& request, std::string_view details = {});
/// "<name>text</name>", escaped.
std::string xml_element(std::string_view name, std::string_view text);
/// A document of S3's namespace; `content` is XML.
ServedReply xml_reply(std::string_view root, std::string_view content);

ServedReply list_reply(const FakePage& page, const FakeListRequest& list, const ServedS3Request& request,
                       std::string_view bucket);
ServedReply uploads_reply(const std::vector<FakeUpload>& uploads, const ServedS3Request& request,
                          std::string_view bucket);
ServedReply parts_reply(const FakeUpload& upload, const ServedS3Request& request, std::string_view bucket);

/// The list that a request asks for; nothing when its token or a number in it is broken.
std::optional<FakeListRequest> list_request_of(const ServedS3Request& request);
/// The parts that the body of CompleteMultipartUpload names; nothing when it is malformed.
std::optional<std::vector<NamedPart>> parse_named_parts(std::string_view body);
/// A whole number in the query; `fallback` when it is not there, nothing when it is no number.
std::optional<std::uint64_t> number_in_query(const ServedS3Request& request, std::string_view name,
                                             std::uint64_t fallback);

}  // namespace seekfs::objectstore::s3
