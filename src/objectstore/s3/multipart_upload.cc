// The steps of one upload; each is a request of its own with its own tries.
#include "objectstore/s3/multipart_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "async/reactor.h"
#include "base/mutex.h"
#include "objectstore/s3/body_hash.h"
#include "objectstore/s3/broken_upload.h"
#include "objectstore/s3/entity_tag.h"
#include "objectstore/s3/exchange.h"
#include "objectstore/s3/object_head.h"
#include "objectstore/s3/part_layout.h"
#include "objectstore/s3/part_permits.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::string_view no_such_upload = "NoSuchUpload";

/// An error that another run may not meet: what is there by now is worth keeping.
bool may_pass(ErrorCode code) {
  return code == ErrorCode::transient || code == ErrorCode::throttled || code == ErrorCode::timeout ||
         code == ErrorCode::cancelled || code == ErrorCode::exhausted;
}

/// The bytes of one part, in memory: a source is read once and in order, and an attempt that fails is repeated.
struct Part final : BodySource {
  std::uint32_t number = 0;
  std::vector<std::byte> bytes;

  std::uint64_t size() const override { return bytes.size(); }
  Status read_at(std::uint64_t offset, std::span<std::byte> out) override {
    std::ranges::copy(std::span(bytes).subspan(offset, out.size()), out.begin());
    return {};
  }
};

class MultipartUpload {
 public:
  MultipartUpload(const UploadParts& parts, std::string key, BodySource& body, RequestOptions options)
      : parts_(parts),
        key_(std::move(key)),
        body_(body),
        layout_(body.size(), parts.options.part_size),
        options_(options),
        permits_(parts.engine.gate, options, parts.options.parallel_parts),
        where_(parts.engine.signer.endpoint().description()) {}

  /// `may_adopt`: an upload that was left behind goes on.
  async::Task<PutReply> run(const PutOptions& conditions, bool may_adopt);
  /// Somebody else ended it: nothing of it is left.
  bool is_gone() const noexcept { return gone_.load(); }

 private:
  using Coroutine = boost::asio::awaitable<void, async::Executor>;

  S3Request request(std::string method, std::vector<std::pair<std::string, std::string>> query, std::string step) const;
  async::Task<HttpReply> send(const S3Request& request, PermitUse& permit);
  async::Task<void> find_or_begin(bool may_adopt);
  async::Task<void> send_parts();
  Coroutine work(std::size_t worker, async::Promise<bool> done);
  Result<std::optional<Part>> read_next();
  async::Task<bool> send_next(PermitUse& permit);
  async::Task<bool> send_next_beside(std::size_t worker);
  async::Task<PartSummary> send_part(Part& part, PermitUse& permit);
  async::Task<bool> is_present(const Part& part) const;
  async::Task<PutReply> complete(const PutOptions& conditions);
  async::Task<PutReply> find_completed();
  async::Task<void> abort();

  const UploadParts& parts_;
  const std::string key_;
  BodySource& body_;
  const PartLayout layout_;
  const RequestOptions options_;
  PartPermits permits_;
  const std::string where_;
  std::string upload_id_;
  bool begun_here_ = false;
  std::map<std::uint32_t, PartSummary> present_;  ///< what the store had before

  Mutex reading_;
  std::uint32_t next_ SEEKFS_GUARDED_BY(reading_) = 1;
  std::atomic<bool> failed_{false};
  std::atomic<bool> gone_{false};
  Mutex mutex_;
  std::vector<PartSummary> sent_ SEEKFS_GUARDED_BY(mutex_);
  std::optional<Error> error_ SEEKFS_GUARDED_BY(mutex_);
};

S3Request MultipartUpload::request(std::string method, std::vector<std::pair<std::string, std::string>> query,
                                   std::string step) const {
  return {.op = OriginOp::put,
          .method = std::move(method),
          .key = key_,
          .query = std::move(query),
          .expected_error = std::string(no_such_upload),
          .action = fmt::format("put {} to {}: {}", key_, where_, step)};
}

async::Task<HttpReply> MultipartUpload::send(const S3Request& request, PermitUse& permit) {
  SEEKFS_CO_ASSIGN(HttpReply reply,
                   co_await send_until_answered(parts_.engine, parts_.limits, request, options_, permit));
  if (!parse_error(reply.body)) co_return reply;
  gone_.store(true);
  co_return fail(ErrorCode::transient, fmt::format("{}: the upload is gone, completed or aborted by somebody else{}",
                                                   request.action, request_ids(reply.head)));
}

async::Task<void> MultipartUpload::find_or_begin(bool may_adopt) {
  if (may_adopt) {
    SEEKFS_CO_ASSIGN(std::optional<BrokenUpload> broken, co_await find_broken_upload(parts_, key_, layout_, options_));
    if (broken) {
      upload_id_ = std::move(broken->upload_id);
      present_ = std::move(broken->parts);
      co_return Status();
    }
  }
  const S3Request begin = request("POST", {{"uploads", ""}}, "begin");
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(begin, parts_.permit));
  Result<std::string> id = parse_upload_id(reply.body);
  if (!id) co_return std::unexpected(id.error().with_context(begin.action));
  upload_id_ = *std::move(id);
  begun_here_ = true;
  co_return Status();
}

/// On the pool. The lock keeps the source's bytes in order: whoever reads a part holds it until the part is read.
Result<std::optional<Part>> MultipartUpload::read_next() {
  MutexLock lock(reading_);
  if (next_ > layout_.count() || failed_.load()) return std::nullopt;
  Part part;
  part.number = next_++;
  const ByteRange range = layout_.range_of(part.number);
  part.bytes.resize(range.len);
  SEEKFS_TRY(body_.read_at(range.off, part.bytes));
  return part;
}

async::Task<bool> MultipartUpload::is_present(const Part& part) const {
  const auto found = present_.find(part.number);
  if (found == present_.end() || found->second.size != part.bytes.size()) co_return false;
  SEEKFS_CO_ASSIGN(const std::string md5, co_await md5_of_part(parts_.pool, part.bytes));
  co_return found->second.etag == '"' + md5 + '"';
}

async::Task<PartSummary> MultipartUpload::send_part(Part& part, PermitUse& permit) {
  SEEKFS_CO_ASSIGN(const bool present, co_await is_present(part));
  if (present) co_return present_.at(part.number);
  S3Request put = request("PUT", {{"partNumber", std::to_string(part.number)}, {"uploadId", upload_id_}},
                          fmt::format("part {} of {}", part.number, layout_.count()));
  put.body = &part;
  put.body_range = {0, part.bytes.size()};
  SEEKFS_CO_ASSIGN(put.payload_hash, co_await payload_hash_of(parts_, part, put.body_range));
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(put, permit));
  SEEKFS_CO_ASSIGN(PutReply answer, put_reply_of(reply.head, put.action));
  co_return PartSummary{.number = part.number, .size = part.bytes.size(), .etag = std::move(answer.etag)};
}

/// False when there is none left.
async::Task<bool> MultipartUpload::send_next(PermitUse& permit) {
  SEEKFS_CO_ASSIGN(std::optional<Part> part,
                   co_await async::run_on<std::optional<Part>>(parts_.pool, [this] { return read_next(); }));
  if (!part) co_return false;
  SEEKFS_CO_ASSIGN(PartSummary sent, co_await send_part(*part, permit));
  MutexLock lock(mutex_);
  sent_.push_back(std::move(sent));
  co_return true;
}

/// One that gets no permit leaves the parts to the upload's own, which tells why if it is refused, too.
async::Task<bool> MultipartUpload::send_next_beside(std::size_t worker) {
  auto permit = co_await permits_.wait(worker);
  if (!permit) co_return false;
  PermitUse use(parts_.engine.gate, options_);
  Result<bool> more = co_await send_next(use);
  if (!use.used()) permit->return_unused();
  co_return more;
}

/// The first one works under the upload's own permit.
MultipartUpload::Coroutine MultipartUpload::work(std::size_t worker, async::Promise<bool> done) {
  Result<bool> more = true;
  while (more && *more) more = worker == 0 ? co_await send_next(parts_.permit) : co_await send_next_beside(worker);
  if (worker == 0 || !more) permits_.close();
  if (!more) {
    failed_.store(true);
    MutexLock lock(mutex_);
    if (!error_) error_ = more.error();
  }
  done.set(true);
}

async::Task<void> MultipartUpload::send_parts() {
  const async::Executor executor = co_await boost::asio::this_coro::executor;
  const std::uint64_t by_memory = parts_.options.memory / layout_.part_size();
  std::vector<async::Promise<bool>> workers(
      std::clamp<std::size_t>(std::min<std::uint64_t>(layout_.count(), by_memory), 1, parts_.options.parallel_parts));
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    async::spawn(executor, work(worker, workers[worker]));
  }
  for (const async::Promise<bool>& done : workers) SEEKFS_CO_TRY(co_await done.wait());
  MutexLock lock(mutex_);
  std::ranges::sort(sent_, {}, &PartSummary::number);
  if (error_) co_return std::unexpected(*error_);
  co_return Status();
}

async::Task<PutReply> MultipartUpload::complete(const PutOptions& conditions) {
  S3Request last = request("POST", {{"uploadId", upload_id_}}, "complete");
  last.headers = condition_headers(conditions);
  last.headers.push_back({"content-type", "application/xml"});
  StringSource body([this] {
    MutexLock lock(mutex_);
    return complete_upload_body(sent_);
  }());
  last.body = &body;
  last.body_range = {0, body.size()};
  SEEKFS_CO_ASSIGN(last.payload_hash, co_await payload_hash_of(parts_, body, last.body_range));
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(last, parts_.permit));
  const Result<std::string> etag = parse_completed_etag(reply.body);
  if (!etag) co_return std::unexpected(etag.error().with_context(last.action));
  co_return PutReply{.etag = *etag, .version_id = version_id_of(reply.head)};
}

/// The answer to a complete that took effect may be lost: asked again, the store knows no such upload. Or it can't be
/// read.
async::Task<PutReply> MultipartUpload::find_completed() {
  S3Request question = request("HEAD", {}, "look for what was completed");
  question.op = OriginOp::head;
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(question, parts_.permit));
  SEEKFS_CO_ASSIGN(ObjectInfo info, object_of_head(key_, reply.head));
  std::vector<std::string> etags;
  {
    MutexLock lock(mutex_);
    for (const PartSummary& part : sent_) etags.push_back(part.etag);
  }
  const std::optional<std::string> expected = etag_of_parts(etags);
  if (!expected || info.etag != *expected || info.size != body_.size()) {
    co_return fail(ErrorCode::transient, question.action + ": the object there is another one");
  }
  co_return PutReply{.etag = std::move(info.etag), .version_id = std::move(info.version_id)};
}

/// Best effort: a bucket's lifecycle rule removes what is left.
async::Task<void> MultipartUpload::abort() {
  S3Request gone = request("DELETE", {{"uploadId", upload_id_}}, "abort");
  gone.op = OriginOp::remove;
  const auto aborted = co_await send_until_answered(parts_.engine, parts_.limits, gone, options_, parts_.permit);
  if (!aborted) {
    parts_.engine.log.warning("a broken upload could not be aborted; its parts stay until the bucket's lifecycle rule",
                              {{"key", key_}, {"error", aborted.error().message}});
  }
  co_return Status();
}

async::Task<PutReply> MultipartUpload::run(const PutOptions& conditions, bool may_adopt) {
  SEEKFS_CO_TRY(co_await find_or_begin(may_adopt));
  Status sent = co_await send_parts();
  Result<PutReply> put = fail(ErrorCode::internal, "not completed");
  if (sent) {
    put = co_await complete(conditions);
    if (!put && (is_gone() || put.error().code == ErrorCode::corrupt)) {
      if (auto completed = co_await find_completed()) co_return *std::move(completed);
    }
  } else {
    put = std::unexpected(sent.error());
  }
  // One that was found is left to whoever began it.
  if (!put && begun_here_ && !may_pass(put.error().code)) SEEKFS_CO_TRY(co_await abort());
  co_return put;
}

}  // namespace

async::Task<PutReply> put_in_parts(const UploadParts& parts, std::string key, BodySource& body,
                                   const PutOptions& conditions, RequestOptions options) {
  MultipartUpload first(parts, key, body, options);
  Result<PutReply> put = co_await first.run(conditions, true);
  if (put || !first.is_gone()) co_return put;
  parts.engine.log.warning("an upload was ended by somebody else; it is begun anew", {{"key", key}});
  MultipartUpload second(parts, std::move(key), body, options);
  co_return co_await second.run(conditions, false);
}

}  // namespace seekfs::objectstore::s3
