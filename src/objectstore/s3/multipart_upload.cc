// The steps of one upload; each is a request of its own with its own tries.
#include "objectstore/s3/multipart_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "async/reactor.h"
#include "base/mutex.h"
#include "base/units.h"
#include "objectstore/s3/body_hash.h"
#include "objectstore/s3/entity_tag.h"
#include "objectstore/s3/exchange.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint64_t max_parts = 10'000;

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
        part_size_(part_size_of(parts.options, body.size())),
        options_(options),
        where_(parts.engine.signer.endpoint().description()) {}

  async::Task<PutReply> run(const PutOptions& conditions);

 private:
  using Coroutine = boost::asio::awaitable<void, async::Executor>;

  S3Request request(std::string method, std::vector<std::pair<std::string, std::string>> query, std::string step) const;
  async::Task<HttpReply> send(const S3Request& request);
  async::Task<void> find_or_begin();
  async::Task<std::optional<std::string>> find();
  async::Task<void> list_present();
  async::Task<void> send_parts();
  Coroutine work(async::Promise<bool> done);
  Result<std::optional<Part>> read_next();
  async::Task<bool> send_next();
  async::Task<PartSummary> send_part(Part& part);
  bool is_present(const Part& part) const;
  async::Task<PutReply> complete(const PutOptions& conditions);
  async::Task<void> abort();

  ByteRange range_of(std::uint32_t number) const {
    const std::uint64_t off = (number - 1) * part_size_;
    return {off, std::min(part_size_, body_.size() - off)};
  }
  std::uint32_t count() const { return static_cast<std::uint32_t>((body_.size() + part_size_ - 1) / part_size_); }

  const UploadParts& parts_;
  const std::string key_;
  BodySource& body_;
  const std::uint64_t part_size_;
  const RequestOptions options_;
  const std::string where_;
  std::string upload_id_;
  bool begun_here_ = false;
  std::map<std::uint32_t, PartSummary> present_;  ///< what the store had before

  Mutex reading_;
  std::uint32_t next_ SEEKFS_GUARDED_BY(reading_) = 1;
  std::atomic<bool> failed_{false};
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
          .action = fmt::format("put {} to {}: {}", key_, where_, step)};
}

async::Task<HttpReply> MultipartUpload::send(const S3Request& request) {
  return send_until_answered(parts_.engine, parts_.limits, request, options_);
}

/// The upload of this key that was begun last.
async::Task<std::optional<std::string>> MultipartUpload::find() {
  S3Request list =
      request("GET", {{"uploads", ""}, {"prefix", key_}, {"encoding-type", "url"}}, "look for a begun one");
  list.op = OriginOp::list;
  list.key = "";
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(list));
  SEEKFS_CO_ASSIGN(const std::vector<UploadSummary> uploads, parse_uploads(reply.body));
  std::optional<std::string> found;
  for (const UploadSummary& upload : uploads) {
    if (upload.key == key_) found = upload.upload_id;
  }
  co_return found;
}

async::Task<void> MultipartUpload::list_present() {
  std::uint32_t after = 0;
  while (true) {
    S3Request list =
        request("GET", {{"uploadId", upload_id_}, {"part-number-marker", std::to_string(after)}}, "list its parts");
    list.op = OriginOp::list;
    SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(list));
    SEEKFS_CO_ASSIGN(const PartsDocument listed, parse_parts(reply.body));
    for (const PartSummary& part : listed.parts) {
      present_[part.number] = part;
      after = std::max(after, part.number);
    }
    if (!listed.truncated || listed.parts.empty()) co_return Status();
  }
}

/// Not every store lists uploads, and one that was just aborted may still be listed: then it begins anew.
async::Task<void> MultipartUpload::find_or_begin() {
  if (const auto found = co_await find(); found && *found) {
    upload_id_ = **found;
    if (co_await list_present()) co_return Status();
    present_.clear();
  }
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(request("POST", {{"uploads", ""}}, "begin")));
  SEEKFS_CO_ASSIGN(upload_id_, parse_upload_id(reply.body));
  begun_here_ = true;
  co_return Status();
}

/// On the pool. The lock keeps the source's bytes in order: whoever reads a part holds it until the part is read.
Result<std::optional<Part>> MultipartUpload::read_next() {
  MutexLock lock(reading_);
  if (next_ > count() || failed_.load()) return std::nullopt;
  Part part;
  part.number = next_++;
  const ByteRange range = range_of(part.number);
  part.bytes.resize(range.len);
  SEEKFS_TRY(body_.read_at(range.off, part.bytes));
  return part;
}

bool MultipartUpload::is_present(const Part& part) const {
  const auto found = present_.find(part.number);
  return found != present_.end() && found->second.size == part.bytes.size() &&
         found->second.etag == '"' + md5_hex(part.bytes) + '"';
}

async::Task<PartSummary> MultipartUpload::send_part(Part& part) {
  if (!present_.empty() && is_present(part)) co_return present_.at(part.number);
  S3Request put = request("PUT", {{"partNumber", std::to_string(part.number)}, {"uploadId", upload_id_}},
                          fmt::format("part {} of {}", part.number, count()));
  put.body = &part;
  put.body_range = {0, part.bytes.size()};
  SEEKFS_CO_ASSIGN(put.payload_hash, co_await payload_hash_of(parts_, part, put.body_range));
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(put));
  SEEKFS_CO_ASSIGN(PutReply answer, put_reply_of(reply.head, put.action));
  co_return PartSummary{.number = part.number, .size = part.bytes.size(), .etag = std::move(answer.etag)};
}

/// False when there is none left.
async::Task<bool> MultipartUpload::send_next() {
  SEEKFS_CO_ASSIGN(std::optional<Part> part,
                   co_await async::run_on<std::optional<Part>>(parts_.pool, [this] { return read_next(); }));
  if (!part) co_return false;
  SEEKFS_CO_ASSIGN(PartSummary sent, co_await send_part(*part));
  MutexLock lock(mutex_);
  sent_.push_back(std::move(sent));
  co_return true;
}

MultipartUpload::Coroutine MultipartUpload::work(async::Promise<bool> done) {
  Result<bool> more = true;
  while (more && *more) more = co_await send_next();
  if (!more) {
    failed_.store(true);
    MutexLock lock(mutex_);
    if (!error_) error_ = more.error();
  }
  done.set(true);
}

async::Task<void> MultipartUpload::send_parts() {
  const async::Executor executor = co_await boost::asio::this_coro::executor;
  const std::uint64_t by_memory = parts_.options.memory / part_size_;
  std::vector<async::Promise<bool>> workers(
      std::clamp<std::size_t>(std::min<std::uint64_t>(count(), by_memory), 1, parts_.options.parallel_parts));
  for (const async::Promise<bool>& done : workers) async::spawn(executor, work(done));
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
  SEEKFS_CO_ASSIGN(const HttpReply reply, co_await send(last));
  SEEKFS_CO_ASSIGN(std::string etag, parse_completed_etag(reply.body));
  co_return PutReply{.etag = std::move(etag), .version_id = version_id_of(reply.head)};
}

/// Best effort: a bucket's lifecycle rule removes what is left.
async::Task<void> MultipartUpload::abort() {
  S3Request gone = request("DELETE", {{"uploadId", upload_id_}}, "abort");
  gone.op = OriginOp::remove;
  if (const auto aborted = co_await send(gone); !aborted) {
    parts_.engine.log.warning("a broken upload could not be aborted; its parts stay until the bucket's lifecycle rule",
                              {{"key", key_}, {"error", aborted.error().message}});
  }
  co_return Status();
}

async::Task<PutReply> MultipartUpload::run(const PutOptions& conditions) {
  SEEKFS_CO_TRY(co_await find_or_begin());
  Status sent = co_await send_parts();
  Result<PutReply> put = fail(ErrorCode::internal, "not completed");
  if (sent) {
    put = co_await complete(conditions);
  } else {
    put = std::unexpected(sent.error());
  }
  // One that was found may be somebody else's, who is still at it.
  if (!put && begun_here_ && !may_pass(put.error().code)) SEEKFS_CO_TRY(co_await abort());
  co_return put;
}

}  // namespace

std::uint64_t part_size_of(const UploadOptions& options, std::uint64_t size) {
  const std::uint64_t least = (size + max_parts - 1) / max_parts;
  return std::max(options.part_size, (least + MiB - 1) / MiB * MiB);
}

async::Task<PutReply> put_in_parts(const UploadParts& parts, std::string key, BodySource& body,
                                   const PutOptions& conditions, RequestOptions options) {
  MultipartUpload upload(parts, std::move(key), body, options);
  co_return co_await upload.run(conditions);
}

}  // namespace seekfs::objectstore::s3
