// Where the body is, and what the next request must ask for.
#include "objectstore/s3/object_get.h"

#include <fmt/format.h>

#include <utility>

#include "objectstore/s3/hedged_get.h"

namespace seekfs::objectstore::s3 {
namespace {

/// Knows how far the body came.
class ProgressSink final : public BodySink {
 public:
  explicit ProgressSink(BodySink& inner) : inner_(inner) {}
  bool wants_pause(const std::weak_ptr<PausedBody>& body) override { return inner_.wants_pause(body); }
  std::span<std::byte> prepare() override { return inner_.prepare(); }
  void commit(std::size_t count) override {
    received_ += count;
    inner_.commit(count);
  }
  std::uint64_t received() const noexcept { return received_; }

 private:
  BodySink& inner_;
  std::uint64_t received_ = 0;
};

S3Request request_for(const GetQuestion& question, const ObjectRef& object) {
  S3Request request{.op = OriginOp::get, .key = question.key, .query = version_query(object)};
  if (question.range) request.headers.push_back({"range", range_header(*question.range)});
  if (question.etag) request.headers.push_back({"if-match", *question.etag});
  request.action = question.action;
  return request;
}

/// What of `range` is missing once `received` bytes of it are there.
std::optional<ByteRange> rest_of(const std::optional<ByteRange>& range, std::uint64_t received) {
  if (received == 0) return range;
  if (!range) return ByteRange{received, ~std::uint64_t{0}};
  return ByteRange{range->off + received, range->len - received};
}

}  // namespace

std::vector<std::pair<std::string, std::string>> version_query(const ObjectRef& object) {
  if (!object.version_id) return {};
  return {{"versionId", *object.version_id}};
}

async::Task<ObjectInfo> get_object(const EngineParts& parts, const AttemptLimits& limits, ObjectRef object,
                                   std::optional<ByteRange> range, BodySink& sink, RequestOptions options) {
  ProgressSink progress(sink);
  PermitUse permit(parts.gate, options);
  SEEKFS_CO_TRY(co_await permit.next());
  Attempts attempts(parts, limits, options, permit);
  GetQuestion question{.key = object.key,
                       .range = range,
                       .etag = object.if_match,
                       .action = fmt::format("get {} of {}", object.key, parts.signer.endpoint().description()),
                       .purpose = options.purpose};
  std::optional<ObjectInfo> info;
  std::uint64_t promised = 0;  // by the first head
  while (true) {
    const std::uint64_t before = progress.received();
    question.range = rest_of(range, before);
    const env::TimePoint deadline = attempts.deadline(range ? std::optional(question.range->len) : std::nullopt);
    SEEKFS_CO_ASSIGN(SignedHttp sent, co_await parts.signer.sign(request_for(question, object), deadline));
    sent.request.deadline = deadline;
    GetAnswer answer = co_await hedged_get(parts, question, sent, attempts.spend(), progress);
    if (answer.head && !info) {
      info = answer.head->info;
      promised = answer.head->bytes.len;
      question.etag = info->etag;  // what follows must be of the same state
    }
    if (!answer.failure && !answer.ended_by_sink && progress.received() - before != answer.head->bytes.len) {
      // A chunked body may end early and look whole.
      answer.failure = broken_answer("the body is shorter than its head says", {}, question.action);
    }
    // All bytes are there; what broke came after them.
    const bool is_whole = info && progress.received() == promised;
    if (!answer.failure || is_whole) co_return *info;
    if (progress.received() > before) attempts.progressed();
    SEEKFS_CO_TRY(co_await attempts.after(*answer.failure, sent));
  }
}

}  // namespace seekfs::objectstore::s3
