// The operations of the contract, each as the requests that it takes.
#include "objectstore/s3/s3_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "objectstore/object_rules.h"
#include "objectstore/s3/broken_upload.h"
#include "objectstore/s3/exchange.h"
#include "objectstore/s3/object_get.h"
#include "objectstore/s3/object_head.h"
#include "objectstore/s3/xml.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint32_t most_keys_of_a_list = 1000;
/// Behind every key that begins with what stands before it: U+10FFFF, the last character.
constexpr std::string_view last_character = "\xF4\x8F\xBF\xBF";

/// S3 compares keys where the contract compares items: a common prefix that begins before `start_after` ends would be
/// listed for the keys of it that come after.
std::string first_key_after(const ListRequest& request) {
  const std::string& after = request.start_after;
  if (!request.delimiter || !after.starts_with(request.prefix)) return after;
  const std::size_t delimiter = after.find(*request.delimiter, request.prefix.size());
  if (delimiter == std::string::npos) return after;
  return after.substr(0, delimiter + 1) + std::string(last_character);
}

class S3Store final : public ObjectStore {
 public:
  S3Store(Endpoint endpoint, const S3StoreOptions& options, S3StoreParts parts)
      : options_(options),
        pool_(parts.pool),
        signer_(std::move(endpoint), parts.credentials, parts.timers.clock()),
        engine_{parts.http, signer_, parts.gate, parts.metrics, parts.timers, parts.random, parts.log} {}

  async::Task<ObjectInfo> head(ObjectRef object, RequestOptions options) override;
  async::Task<ObjectInfo> get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                              RequestOptions options) override;
  async::Task<PutReply> put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) override;
  async::Task<ListReply> list(ListRequest request, RequestOptions options) override;
  async::Task<void> remove(ObjectRef object, RequestOptions options) override;
  Status check_key(std::string_view key) const override;
  async::Task<void> flush(RequestOptions) override { co_return Status(); }
  std::string description() const override { return signer_.endpoint().description(); }

 private:
  S3Request request_on(const ObjectRef& object, OriginOp op, std::string method, std::string_view verb) const;
  async::Task<HttpReply> send(const S3Request& request, RequestOptions options, PermitUse& permit) {
    return send_until_answered(engine_, options_.attempts, request, options, permit);
  }
  async::Task<ObjectInfo> head_under(PermitUse& permit, ObjectRef object, RequestOptions options);

  const S3StoreOptions options_;
  async::ThreadPool& pool_;
  RequestSigner signer_;
  const EngineParts engine_;
  ResumeWarning resume_warning_;
};

Status S3Store::check_key(std::string_view key) const {
  if (key.empty()) return fail(ErrorCode::invalid, "an empty key");
  if (key.size() > max_key_length) {
    return fail(ErrorCode::invalid,
                fmt::format("the key {} has {} bytes; S3 takes {} at most", key, key.size(), max_key_length));
  }
  if (!is_utf8(key)) return fail(ErrorCode::invalid, fmt::format("the key {} is not UTF-8", key));
  return {};
}

/// In the version and the state that `object` names.
S3Request S3Store::request_on(const ObjectRef& object, OriginOp op, std::string method, std::string_view verb) const {
  S3Request request{.op = op,
                    .method = std::move(method),
                    .key = object.key,
                    .query = version_query(object),
                    .action = fmt::format("{} {} of {}", verb, object.key, description())};
  if (object.if_match) request.headers.push_back({"if-match", *object.if_match});
  return request;
}

async::Task<ObjectInfo> S3Store::head(ObjectRef object, RequestOptions options) {
  PermitUse permit(engine_.gate, options);
  co_return co_await head_under(permit, std::move(object), options);
}

async::Task<ObjectInfo> S3Store::head_under(PermitUse& permit, ObjectRef object, RequestOptions options) {
  SEEKFS_CO_TRY(check_key(object.key));
  const S3Request request = request_on(object, OriginOp::head, "HEAD", "head");
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(request, options, permit));
  Result<ObjectInfo> info = object_of_head(object.key, reply.head);
  if (!info) co_return std::unexpected(info.error().with_context(request.action));
  SEEKFS_CO_TRY(check_match(object, info->etag));
  co_return info;
}

async::Task<ObjectInfo> S3Store::get(ObjectRef object, std::optional<ByteRange> range, BodySink& sink,
                                     RequestOptions options) {
  SEEKFS_CO_TRY(check_key(object.key));
  if (range && range->len == 0) {
    co_return fail(ErrorCode::invalid, fmt::format("get {}: an empty range", object.key));
  }
  co_return co_await get_object(engine_, options_.attempts, std::move(object), range, sink, options);
}

async::Task<PutReply> S3Store::put(std::string key, BodySource& body, PutOptions conditions, RequestOptions options) {
  SEEKFS_CO_TRY(check_key(key));
  PermitUse permit(engine_.gate, options);
  const UploadParts parts{engine_, options_.attempts, options_.upload, pool_, permit, resume_warning_};
  co_return co_await put_object(parts, std::move(key), body, std::move(conditions), options);
}

async::Task<ListReply> S3Store::list(ListRequest request, RequestOptions options) {
  SEEKFS_CO_TRY(check_list_request(request));
  const std::uint32_t most = std::min(request.max_keys, most_keys_of_a_list);
  S3Request list{.op = OriginOp::list,
                 .query = {{"list-type", "2"},
                           {"encoding-type", "url"},
                           {"prefix", request.prefix},
                           {"max-keys", std::to_string(most)}},
                 .action = fmt::format("list {} of {}", request.prefix, description())};
  if (request.delimiter) list.query.emplace_back("delimiter", std::string(1, *request.delimiter));
  if (!request.start_after.empty()) list.query.emplace_back("start-after", first_key_after(request));
  PermitUse permit(engine_.gate, options);
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(list, options, permit));
  Result<ListDocument> document = parse_list(reply.body);
  if (!document) co_return std::unexpected(document.error().with_context(list.action));
  ListReply out{.objects = std::move(document->objects), .common_prefixes = std::move(document->common_prefixes)};
  // MinIO may say that nothing follows a full page when more does.
  const bool is_full = out.objects.size() + out.common_prefixes.size() >= most;
  if (document->truncated || is_full) {
    std::string last = out.objects.empty() ? "" : out.objects.back().key;
    if (!out.common_prefixes.empty()) last = std::max(last, out.common_prefixes.back());
    if (last <= request.start_after) {
      co_return fail(ErrorCode::corrupt, list.action + ": the store's listing does not move on");
    }
    out.next_start_after = std::move(last);
  }
  co_return out;
}

async::Task<void> S3Store::remove(ObjectRef object, RequestOptions options) {
  SEEKFS_CO_TRY(check_key(object.key));
  PermitUse permit(engine_.gate, options);
  if (object.if_match) {
    // Most servers ignore the condition of a DELETE: it is checked before, too.
    const auto present = co_await head_under(permit, object, options);
    if (!present && present.error().code == ErrorCode::not_found) co_return Status();
    SEEKFS_CO_TRY(present);
  }
  const S3Request request = request_on(object, OriginOp::remove, "DELETE", "delete");
  const auto removed = co_await send(request, options, permit);
  if (!removed && removed.error().code != ErrorCode::not_found) co_return std::unexpected(removed.error());
  co_return Status();
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> make_s3_store(S3StoreOptions options, S3StoreParts parts) {
  SEEKFS_ASSIGN(Endpoint endpoint, Endpoint::make(options.endpoint));
  return std::make_unique<S3Store>(std::move(endpoint), options, parts);
}

}  // namespace seekfs::objectstore::s3
