// Any bytes as what an S3 server or a credentials file says: the head line by line, the body in pieces, the table of
// failures, the documents, profiles and credentials. Whatever is believed is consistent with itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "objectstore/s3/callback_gate.h"
#include "objectstore/s3/credentials_check.h"
#include "objectstore/s3/failure.h"
#include "objectstore/s3/object_head.h"
#include "objectstore/s3/profile_file.h"
#include "objectstore/s3/reply_intake.h"
#include "objectstore/s3/xml.h"

namespace {

using namespace seekfs;
using namespace seekfs::objectstore;
using namespace seekfs::objectstore::s3;

/// Ends the program where libFuzzer sees it.
void require(bool holds) {
  if (!holds) std::abort();
}

/// The lines of a head up to the empty one, then the rest in pieces of `piece` bytes, as libcurl would give them.
Result<HttpReply> read_reply(std::string_view input, std::size_t piece) {
  WholeReply receiver;
  CallbackGate gate;
  ReplyIntake intake(receiver, gate);
  bool more = true;
  while (more && !input.empty()) {
    const std::size_t end = input.find('\n');
    const std::string_view line = input.substr(0, end == input.npos ? input.size() : end + 1);
    input.remove_prefix(line.size());
    more = intake.take_header_line(line);
    if (line == "\n" || line == "\r\n") break;
  }
  while (more && !input.empty()) {
    const std::string_view bytes = input.substr(0, piece);
    input.remove_prefix(bytes.size());
    more = intake.take_body(std::as_bytes(std::span(bytes)));
  }
  return intake.finish();
}

void use_head(const HttpReplyHead& head) {
  if (const auto info = object_of_head("key", head)) require(info->etag.starts_with('"'));
  const ByteRange asked{5, 10};
  if (const auto got = object_of_get("key", head, asked)) {
    require(got->bytes.off <= asked.off || head.status == 206);
    require(got->bytes.len <= got->info.size && got->bytes.off <= got->info.size - got->bytes.len);
  }
}

void use_failure(const HttpReply& reply) {
  const Failure failure = classify_reply(reply, "get key of s3://bucket");
  require(failure.error.message.starts_with("get key of s3://bucket"));
  require(failure.kind != FailureKind::wrong_region || !failure.region.empty());
  require(failure.kind != FailureKind::clock_skew || failure.server_time.has_value());
  require(!failure.retry_after || failure.retry_after->count() >= 0);
}

void use_documents(std::string_view body) {
  (void)parse_error(body);
  (void)parse_list(body);
  (void)parse_upload_id(body);
  (void)parse_completed_etag(body);
  (void)parse_uploads(body);
  if (const auto parts = parse_parts(body)) {
    for (const PartSummary& part : parts->parts) require(part.etag.starts_with('"'));
  }
}

void use_credentials(std::string_view text) {
  (void)parse_profiles(text, ProfileFile::config, "config");
  (void)parse_profiles(text, ProfileFile::credentials, "credentials");
  for (const auto kind : {CredentialsJson::metadata, CredentialsJson::process}) {
    const auto made = parse_credentials_json(text, kind, "the service");
    if (made) require(!(*made)->access_key_id.empty() && !(*made)->secret_access_key.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Result<HttpReply> whole = read_reply(input, input.size() + 1);
  const Result<HttpReply> cut = read_reply(input, 7);
  require(whole.has_value() == cut.has_value());
  if (whole) {
    require(whole->body == cut->body && whole->head.status == cut->head.status);
    use_head(whole->head);
    use_failure(*whole);
    use_documents(whole->body);
  }
  use_documents(input);
  use_credentials(input);
  return 0;
}
