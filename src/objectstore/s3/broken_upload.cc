// ListMultipartUploads and ListParts, and what they say of who is at work. Publishers of the same content write to the
// same key: parts of two of them in one upload would be completed or aborted by one under the other.
#include "objectstore/s3/broken_upload.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "objectstore/s3/exchange.h"
#include "objectstore/s3/object_head.h"

namespace seekfs::objectstore::s3 {
namespace {

using WallTime = std::chrono::system_clock::time_point;

class Search {
 public:
  Search(const UploadParts& parts, std::string key, PartLayout layout, RequestOptions options)
      : parts_(parts), key_(std::move(key)), layout_(layout), options_(options) {}

  async::Task<std::optional<BrokenUpload>> run();

 private:
  async::Task<HttpReply> ask(std::string key, std::vector<std::pair<std::string, std::string>> query) const;
  async::Task<std::vector<UploadSummary>> left_behind();
  async::Task<std::map<std::uint32_t, PartSummary>> parts_of(std::string upload_id) const;
  bool is_left_alone(const std::optional<WallTime>& touched) const { return touched && *touched < touched_before_; }
  bool may_go_on(const std::map<std::uint32_t, PartSummary>& present) const;

  const UploadParts& parts_;
  const std::string key_;
  const PartLayout layout_;
  const RequestOptions options_;
  WallTime touched_before_;  ///< what was touched later may still be at work
};

async::Task<HttpReply> Search::ask(std::string key, std::vector<std::pair<std::string, std::string>> query) const {
  const S3Request request{.op = OriginOp::list,
                          .key = std::move(key),
                          .query = std::move(query),
                          .action = fmt::format("put {} to {}: look for a begun upload", key_,
                                                parts_.engine.signer.endpoint().description())};
  co_return co_await send_until_answered(parts_.engine, parts_.limits, request, options_, parts_.permit);
}

/// Of this key, the newest first.
async::Task<std::vector<UploadSummary>> Search::left_behind() {
  SEEKFS_CO_ASSIGN(const HttpReply reply,
                   co_await ask("", {{"uploads", ""}, {"prefix", key_}, {"encoding-type", "url"}}));
  SEEKFS_CO_ASSIGN(std::vector<UploadSummary> uploads, parse_uploads(reply.body));
  const std::optional<WallTime> now = time_header(reply.head, "date");
  if (!now) co_return std::vector<UploadSummary>();
  touched_before_ = *now - parts_.options.left_alone;
  std::erase_if(uploads,
                [this](const UploadSummary& upload) { return upload.key != key_ || !is_left_alone(upload.initiated); });
  std::ranges::sort(uploads, std::greater<>(), &UploadSummary::initiated);
  co_return uploads;
}

async::Task<std::map<std::uint32_t, PartSummary>> Search::parts_of(std::string upload_id) const {
  std::map<std::uint32_t, PartSummary> present;
  while (true) {
    const std::uint32_t after = present.empty() ? 0 : present.rbegin()->first;
    SEEKFS_CO_ASSIGN(const HttpReply reply,
                     co_await ask(key_, {{"uploadId", upload_id}, {"part-number-marker", std::to_string(after)}}));
    SEEKFS_CO_ASSIGN(const PartsDocument listed, parse_parts(reply.body));
    for (const PartSummary& part : listed.parts) present[part.number] = part;
    const bool moved_on = !present.empty() && present.rbegin()->first > after;
    if (!listed.truncated || !moved_on) co_return present;
  }
}

/// Parts of another size are another publisher's, whose settings differ: ours between them would make no object.
bool Search::may_go_on(const std::map<std::uint32_t, PartSummary>& present) const {
  return std::ranges::all_of(present, [this](const auto& entry) {
    const PartSummary& part = entry.second;
    const bool lies_here = part.number >= 1 && part.number <= layout_.count();
    return lies_here && part.size == layout_.range_of(part.number).len && is_left_alone(part.modified);
  });
}

async::Task<std::optional<BrokenUpload>> Search::run() {
  const auto uploads = co_await left_behind();
  if (!uploads) {
    parts_.resume_warning.tell(parts_.engine.log, uploads.error(), "s3:ListBucketMultipartUploads");
    co_return std::nullopt;
  }
  for (const UploadSummary& upload : *uploads) {
    auto present = co_await parts_of(upload.upload_id);
    if (!present && present.error().code != ErrorCode::not_found) {
      parts_.resume_warning.tell(parts_.engine.log, present.error(), "s3:ListMultipartUploadParts");
    }
    if (present && may_go_on(*present)) {
      co_return BrokenUpload{.upload_id = upload.upload_id, .parts = *std::move(present)};
    }
  }
  co_return std::nullopt;
}

}  // namespace

void ResumeWarning::tell(Logger& log, const Error& error, std::string_view permission) {
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(error.code);
  if ((told_.fetch_or(bit) & bit) != 0) return;
  log.warning("uploads that broke off can't be looked for and are begun anew; parts of theirs stay, and are paid for",
              {{"error", error.message},
               {"fix", fmt::format("{}have the bucket's lifecycle rule abort incomplete uploads",
                                   error.code == ErrorCode::denied ? fmt::format("allow {}, and ", permission) : "")}});
}

async::Task<std::optional<BrokenUpload>> find_broken_upload(const UploadParts& parts, std::string key,
                                                            PartLayout layout, RequestOptions options) {
  Search search(parts, std::move(key), layout, options);
  co_return co_await search.run();
}

}  // namespace seekfs::objectstore::s3
