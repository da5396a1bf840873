// What each operation of S3 does and answers.
#include "objectstore/s3/s3_service_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/http_date.h"
#include "base/sha256.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::size_t max_key_bytes = 1024;

S3Problem invalid_argument(std::string message) {
  return {.status = 400, .code = "InvalidArgument", .message = std::move(message)};
}

S3Problem not_implemented() {
  return {.status = 501,
          .code = "NotImplemented",
          .message = "A header you provided implies functionality that is not implemented"};
}

struct Span {
  std::uint64_t first = 0;
  std::uint64_t size = 0;
  bool partial = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// What a Range header asks for; nothing: InvalidRange. As HTTP says, a header that is not understood does not count.
std::optional<Span> span_of(std::string_view range, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  const Span whole{.first = 0, .size = size, .partial = false};
  if (!range.starts_with(unit)) return whole;
  range.remove_prefix(unit.size());
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos || range.contains(',')) return whole;
  const auto first = number(range.substr(0, dash));
  const auto last = number(range.substr(dash + 1));
  if (dash == 0) {
    if (!last) return whole;
    if (*last == 0 || size == 0) return std::nullopt;
    const std::uint64_t count = std::min(*last, size);
    return Span{.first = size - count, .size = count, .partial = true};
  }
  if (!first || (!last && dash + 1 != range.size()) || (last && *last < *first)) return whole;
  if (*first >= size) return std::nullopt;
  const std::uint64_t end = last ? std::min(*last, size - 1) + 1 : size;
  return Span{.first = *first, .size = end - *first, .partial = true};
}

PutConditions conditions_of(const ServedS3Request& request) {
  return {.if_match = std::string(request.http->header("if-match")),
          .if_none_match = std::string(request.http->header("if-none-match"))};
}

/// Whether the body is the one that was signed.
bool has_signed_body(const ServedS3Request& request) {
  constexpr std::size_t hash_size = 64;
  const std::string_view hash = request.http->header("x-amz-content-sha256");
  return hash.size() != hash_size || hash == sha256(request.http->body).hex();
}

S3Problem changed_body() {
  return {.status = 400,
          .code = "XAmzContentSHA256Mismatch",
          .message = "The provided 'x-amz-content-sha256' header does not match what was computed."};
}

S3Problem malformed_xml() {
  return {.status = 400, .code = "MalformedXML", .message = "The XML you provided was not well-formed"};
}

std::string http_date(std::chrono::system_clock::time_point time) {
  const HttpDateText text = format_http_date(std::chrono::system_clock::to_time_t(time));
  return {text.data(), text.size()};
}

}  // namespace

void S3Service::add_version(ServedReply& reply, const std::string& version_id) const {
  if (bucket_.versioned() && !version_id.empty()) reply.headers.emplace_back("x-amz-version-id", version_id);
}

ServedReply S3Service::get(const ServedS3Request& request) const {
  const S3Answer<FakeObject> object = bucket_.find(request.key, request.value("versionId"));
  if (!object) return problem_reply(object.error(), request);
  const std::string_view if_match = request.http->header("if-match");
  if (!if_match.empty() && if_match != "*" && if_match != object->etag) {
    return problem_reply({.status = 412,
                          .code = "PreconditionFailed",
                          .message = "At least one of the pre-conditions you specified did not hold"},
                         request, xml_element("Condition", "If-Match"));
  }
  ServedReply reply{.headers = {{"ETag", object->etag}, {"Last-Modified", http_date(object->modified)}}, .body = {}};
  add_version(reply, object->version_id);
  const std::string_view if_none_match = request.http->header("if-none-match");
  if (if_none_match == object->etag || if_none_match == "*") {
    reply.status = 304;
    return reply;
  }
  const std::uint64_t size = object->body->size();
  const std::optional<Span> span = span_of(request.http->header("range"), size);
  if (!span) {
    ServedReply refused = problem_reply(
        {.status = 416, .code = "InvalidRange", .message = "The requested range is not satisfiable"}, request,
        xml_element("RangeRequested", request.http->header("range")) +
            xml_element("ActualObjectSize", std::to_string(size)));
    refused.headers.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return refused;
  }
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  reply.headers.emplace_back("Content-Type", "binary/octet-stream");
  if (span->partial) {
    reply.status = 206;
    reply.headers.emplace_back("Content-Range",
                               fmt::format("bytes {}-{}/{}", span->first, span->first + span->size - 1, size));
  }
  reply.body = object->body->substr(span->first, span->size);
  return reply;
}

ServedReply S3Service::put(const ServedS3Request& request) const {
  if (!has_signed_body(request)) return problem_reply(changed_body(), request);
  const S3Answer<FakeObject> object = bucket_.put(request.key, request.http->body, conditions_of(request));
  if (!object) return problem_reply(object.error(), request);
  ServedReply reply{.headers = {{"ETag", object->etag}}, .body = {}};
  add_version(reply, object->version_id);
  return reply;
}

ServedReply S3Service::remove(const ServedS3Request& request) const {
  const S3Answer<FakeRemoval> removal =
      bucket_.remove(request.key, request.value("versionId"), std::string(request.http->header("if-match")));
  if (!removal) return problem_reply(removal.error(), request);
  ServedReply reply{.status = 204, .headers = {}, .body = {}};
  add_version(reply, removal->version_id);
  if (removal->delete_marker) reply.headers.emplace_back("x-amz-delete-marker", "true");
  return reply;
}

ServedReply S3Service::list(const ServedS3Request& request) const {
  const std::optional<FakeListRequest> list = list_request_of(request);
  if (!list) return problem_reply(invalid_argument("The continuation token or max-keys is incorrect"), request);
  return list_reply(bucket_.list(*list), *list, request, name_);
}

ServedReply S3Service::bucket(const ServedS3Request& request) const {
  ServedReply reply;
  if (request.http->method == "GET") {
    // The location of the first region is spelled as nothing.
    reply = xml_reply("LocationConstraint", region_ == "us-east-1" ? "" : region_);
  }
  reply.headers.emplace_back("x-amz-bucket-region", region_);
  return reply;
}

ServedReply S3Service::create_upload(const ServedS3Request& request) const {
  return xml_reply("InitiateMultipartUploadResult", xml_element("Bucket", name_) + xml_element("Key", request.key) +
                                                        xml_element("UploadId", bucket_.create_upload(request.key)));
}

ServedReply S3Service::upload_part(const ServedS3Request& request) const {
  if (!has_signed_body(request)) return problem_reply(changed_body(), request);
  const std::uint64_t part = number(request.value("partNumber")).value_or(0);
  const S3Answer<std::string> etag =
      bucket_.upload_part(request.key, request.value("uploadId"),
                          static_cast<std::uint32_t>(std::min<std::uint64_t>(part, UINT32_MAX)), request.http->body);
  if (!etag) return problem_reply(etag.error(), request);
  return {.headers = {{"ETag", *etag}}, .body = {}};
}

ServedReply S3Service::complete_upload(const ServedS3Request& request) const {
  const auto parts = parse_named_parts(request.http->body);
  if (!parts) return problem_reply(malformed_xml(), request);
  const S3Answer<FakeObject> object =
      bucket_.complete_upload(request.key, request.value("uploadId"), *parts, conditions_of(request));
  if (!object) return problem_reply(object.error(), request);
  ServedReply reply =
      xml_reply("CompleteMultipartUploadResult",
                xml_element("Bucket", name_) + xml_element("Key", request.key) + xml_element("ETag", object->etag));
  add_version(reply, object->version_id);
  return reply;
}

ServedReply S3Service::abort_upload(const ServedS3Request& request) const {
  const S3Answer<void> aborted = bucket_.abort_upload(request.key, request.value("uploadId"));
  if (!aborted) return problem_reply(aborted.error(), request);
  return {.status = 204, .headers = {}, .body = {}};
}

ServedReply S3Service::list_parts(const ServedS3Request& request) const {
  const S3Answer<FakeUpload> upload = bucket_.upload(request.key, request.value("uploadId"));
  if (!upload) return problem_reply(upload.error(), request);
  return parts_reply(*upload, request, name_);
}

ServedReply S3Service::serve(const ServedS3Request& request) const {
  if (!request.right_bucket) {
    return problem_reply({.status = 404, .code = "NoSuchBucket", .message = "The specified bucket does not exist"},
                         request);
  }
  if (request.key.size() > max_key_bytes) {
    return problem_reply({.status = 400, .code = "KeyTooLongError", .message = "Your key is too long"}, request);
  }
  switch (request.operation) {
    case S3Operation::head:
    case S3Operation::get: return get(request);
    case S3Operation::put: return put(request);
    case S3Operation::remove: return remove(request);
    case S3Operation::list: return list(request);
    case S3Operation::create_upload: return create_upload(request);
    case S3Operation::upload_part: return upload_part(request);
    case S3Operation::complete_upload: return complete_upload(request);
    case S3Operation::abort_upload: return abort_upload(request);
    case S3Operation::list_uploads: return uploads_reply(bucket_.open_uploads(), request, name_);
    case S3Operation::list_parts: return list_parts(request);
    case S3Operation::bucket: return bucket(request);
    case S3Operation::unknown: break;
  }
  return problem_reply(not_implemented(), request);
}

}  // namespace seekfs::objectstore::s3
