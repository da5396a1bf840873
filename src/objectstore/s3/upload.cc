// The choice between one request and many, and the one request.
#include "objectstore/s3/upload.h"

#include <fmt/format.h>

#include <utility>

#include "objectstore/object_rules.h"
#include "objectstore/s3/body_hash.h"
#include "objectstore/s3/entity_tag.h"
#include "objectstore/s3/exchange.h"
#include "objectstore/s3/multipart_upload.h"
#include "objectstore/s3/sigv4.h"

namespace seekfs::objectstore::s3 {

std::vector<HttpHeader> condition_headers(const PutOptions& conditions) {
  std::vector<HttpHeader> headers;
  if (conditions.if_none_match) headers.push_back({"if-none-match", "*"});
  if (conditions.if_match) headers.push_back({"if-match", *conditions.if_match});
  return headers;
}

/// TLS guards what is sent; over plain HTTP the signed hash does.
async::Task<std::string> payload_hash_of(const UploadParts& parts, BodySource& body, ByteRange range) {
  if (parts.engine.signer.endpoint().https()) co_return std::string(unsigned_payload);
  co_return co_await sha256_of_body(parts.pool, body, range);
}

namespace {

async::Task<PutReply> put_at_once(const UploadParts& parts, std::string key, BodySource& body,
                                  const PutOptions& conditions, RequestOptions options) {
  const ByteRange all{0, body.size()};
  S3Request request{.op = OriginOp::put,
                    .method = "PUT",
                    .key = key,
                    .headers = condition_headers(conditions),
                    .body = &body,
                    .body_range = all,
                    .action = fmt::format("put {} to {}", key, parts.engine.signer.endpoint().description())};
  SEEKFS_CO_ASSIGN(request.payload_hash, co_await payload_hash_of(parts, body, all));
  SEEKFS_CO_ASSIGN(const HttpReply reply,
                   co_await send_until_answered(parts.engine, parts.limits, request, options, parts.permit));
  co_return put_reply_of(reply.head, request.action);
}

}  // namespace

Result<PutReply> put_reply_of(const HttpReplyHead& head, const std::string& action) {
  const Result<std::string> etag = entity_tag_of(head);
  if (!etag) return fail(ErrorCode::corrupt, action + ": " + etag.error().message + request_ids(head));
  return PutReply{.etag = *etag, .version_id = version_id_of(head)};
}

async::Task<PutReply> put_object(const UploadParts& parts, std::string key, BodySource& body, PutOptions conditions,
                                 RequestOptions options) {
  if (conditions.if_none_match && conditions.if_match) {
    co_return fail(ErrorCode::invalid, fmt::format("put {}: If-None-Match and If-Match exclude each other", key));
  }
  if (body.size() < parts.options.multipart_from) {
    co_return co_await put_at_once(parts, std::move(key), body, conditions, options);
  }
  co_return co_await put_in_parts(parts, std::move(key), body, conditions, options);
}

}  // namespace seekfs::objectstore::s3
