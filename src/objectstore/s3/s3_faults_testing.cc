// Faults: the answers of a sick service, and healthy answers made wrong.
#include "objectstore/s3/s3_faults_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "objectstore/s3/s3_replies_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

struct Row {
  FaultKind kind;
  std::string_view name;
  int status;             ///< 0: no refusal
  std::string_view code;  ///< empty: the body is not an <Error>
};

constexpr std::array<Row, 19> rows = {{
    {FaultKind::none, "none", 0, ""},
    {FaultKind::slow_down, "slow_down", 503, "SlowDown"},
    {FaultKind::internal_error, "internal_error", 500, "InternalError"},
    {FaultKind::service_unavailable, "service_unavailable", 503, "ServiceUnavailable"},
    {FaultKind::error_in_success, "error_in_success", 200, "InternalError"},
    {FaultKind::expired_token, "expired_token", 400, "ExpiredToken"},
    {FaultKind::wrong_region, "wrong_region", 301, "PermanentRedirect"},
    {FaultKind::time_too_skewed, "time_too_skewed", 403, "RequestTimeTooSkewed"},
    {FaultKind::conditional_conflict, "conditional_conflict", 409, "ConditionalRequestConflict"},
    {FaultKind::precondition_failed, "precondition_failed", 412, "PreconditionFailed"},
    {FaultKind::access_denied, "access_denied", 403, "AccessDenied"},
    {FaultKind::kms_disabled, "kms_disabled", 400, "KMS.DisabledException"},
    {FaultKind::garbage_xml, "garbage_xml", 200, ""},
    {FaultKind::empty_body, "empty_body", 200, ""},
    {FaultKind::wrong_range, "wrong_range", 0, ""},
    {FaultKind::whole_body, "whole_body", 0, ""},
    {FaultKind::flipped_byte, "flipped_byte", 0, ""},
    {FaultKind::wrong_etag, "wrong_etag", 0, ""},
    {FaultKind::replaced, "replaced", 0, ""},
}};

const Row& row_of(FaultKind kind) { return *std::ranges::find(rows, kind, &Row::kind); }

std::string* find_header(ServedReply& reply, std::string_view name) {
  for (auto& [key, value] : reply.headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

ServedReply redirect(const Fault& fault, int status, const ServedS3Request& request) {
  const std::string region = fault.region.empty() ? "eu-west-1" : fault.region;
  const std::string_view code = status == 301   ? "PermanentRedirect"
                                : status == 307 ? "TemporaryRedirect"
                                                : "AuthorizationHeaderMalformed";
  ServedReply reply =
      problem_reply({.status = status, .code = std::string(code), .message = "The bucket is in another region."},
                    request, xml_element("Region", region));
  reply.headers.emplace_back("x-amz-bucket-region", region);
  return reply;
}

/// "bytes 0-9/100" says "bytes 1-10/100".
void shift_range(std::string& text) {
  const auto number_at = [&text](std::size_t at) {
    std::uint64_t value = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), value);
    return value;
  };
  const std::size_t first = text.find(' ') + 1;
  const std::size_t last = text.find('-') + 1;
  text = fmt::format("bytes {}-{}{}", number_at(first) + 1, number_at(last) + 1, text.substr(text.find('/')));
}

void put_on_wire(ServedReply& reply, const Fault& fault) {
  reply.delay = fault.delay;
  reply.reset_at = fault.reset_at;
  reply.close_at = fault.close_at;
  reply.pause_at = fault.pause_at;
  reply.pause = fault.pause;
  reply.byte_interval = fault.byte_interval;
  reply.no_reply = fault.no_reply;
  reply.close_after = fault.close_after;
  if (fault.surplus > 0) {
    reply.content_length = reply.body.size();
    reply.body.append(fault.surplus, '#');
  }
  if (fault.x_amz_retry_after) {
    reply.headers.emplace_back("x-amz-retry-after", std::to_string(fault.x_amz_retry_after->count()));
  }
  if (fault.retry_after) reply.headers.emplace_back("Retry-After", std::to_string(fault.retry_after->count()));
}

}  // namespace

std::string_view to_string(FaultKind kind) { return row_of(kind).name; }

std::optional<FaultKind> fault_kind_of(std::string_view name) {
  const auto* const found = std::ranges::find(rows, name, &Row::name);
  if (found == rows.end()) return std::nullopt;
  return found->kind;
}

std::optional<Fault> FaultScript::next(const ServedS3Request& request) {
  MutexLock lock(mutex_);
  std::optional<Fault> due;
  for (Entry& entry : entries_) {
    const FaultRule& rule = entry.rule;
    if (!rule.operations.empty() && std::ranges::find(rule.operations, request.operation) == rule.operations.end())
      continue;
    if (!request.key.contains(rule.key_part)) continue;
    const std::uint64_t number = ++entry.matches;
    if (!due && number >= rule.from && number - rule.from < rule.times) due = rule.fault;
  }
  given_ += due ? 1 : 0;
  return due;
}

void FaultScript::add(FaultRule rule) {
  MutexLock lock(mutex_);
  entries_.push_back({.rule = std::move(rule)});
}

void FaultScript::clear() {
  MutexLock lock(mutex_);
  entries_.clear();
}

std::uint64_t FaultScript::given() const {
  MutexLock lock(mutex_);
  return given_;
}

std::optional<ServedReply> refusal_of(const Fault& fault, const ServedS3Request& request) {
  const Row& row = row_of(fault.kind);
  if (row.status == 0) return std::nullopt;
  const int status = fault.status == 0 ? row.status : fault.status;
  switch (fault.kind) {
    case FaultKind::wrong_region: return redirect(fault, status, request);
    case FaultKind::empty_body: return ServedReply{.status = status, .headers = {}, .body = {}};
    case FaultKind::garbage_xml:
      return ServedReply{.status = status,
                         .headers = {{"Content-Type", "application/xml"}},
                         .body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult><Contents><Key>a"};
    default: break;
  }
  return problem_reply(
      {.status = status, .code = std::string(row.code), .message = "This answer was asked for by a test."}, request);
}

void spoil(ServedReply& reply, const Fault& fault, const ServedS3Request& request, FakeBucket& bucket) {
  std::string* const range = find_header(reply, "Content-Range");
  std::string* const etag = find_header(reply, "ETag");
  switch (fault.kind) {
    case FaultKind::wrong_range:
      if (range && reply.status == 206) shift_range(*range);
      break;
    case FaultKind::whole_body:
      if (reply.status != 206) break;
      if (const auto object = bucket.find(request.key, request.value("versionId"))) reply.body = *object->body;
      reply.status = 200;
      std::erase_if(reply.headers, [](const auto& header) { return header.first == "Content-Range"; });
      break;
    case FaultKind::flipped_byte:
      if (fault.offset < reply.body.size()) reply.body[fault.offset] = static_cast<char>(~reply.body[fault.offset]);
      break;
    case FaultKind::wrong_etag:
      if (etag) *etag = "\"00000000000000000000000000000000\"";
      break;
    case FaultKind::replaced: bucket.replace(request.key); break;
    default: break;
  }
  put_on_wire(reply, fault);
}

}  // namespace seekfs::objectstore::s3
