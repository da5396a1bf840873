// Decisions of /blob and /ns.
#include "http/routes/blob_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/percent_decode.h"
#include "http/ascii.h"
#include "http/conditional.h"
#include "http/range_header.h"

namespace seekfs::http {
namespace {

Result<BlobRequest> parse_query_form(Exchange& exchange) {
  const Query& query = exchange.query;
  SEEKFS_TRY(query.allow_only({"ns", "path", "off", "len", "hash", "version"}));
  BlobRequest request;
  SEEKFS_ASSIGN(request.ns, query.required("ns"));
  exchange.note.ns = request.ns;
  SEEKFS_ASSIGN(request.path, query.required("path"));
  exchange.note.path = request.path;
  SEEKFS_ASSIGN(request.off, query.number("off"));
  SEEKFS_ASSIGN(request.len, query.number("len"));
  SEEKFS_ASSIGN(request.version, query.version());
  request.hash = query.get("hash");
  if ((request.off || request.len) && !exchange.head.range.empty()) {
    return fail(ErrorCode::bad_request, "off or len and a Range header are two answers to one question; send one");
  }
  return request;
}

Result<BlobRequest> parse_path_form(Exchange& exchange) {
  SEEKFS_TRY(exchange.query.allow_only({"version"}));
  std::string& scratch = exchange.scratch.decoded;
  scratch.clear();
  scratch.reserve(exchange.rest.size());
  const auto decoded = percent_decode(exchange.rest, PlusSign::plus, scratch);
  if (!decoded) {
    return fail(ErrorCode::bad_request, "the path has a '%' that two hexadecimal digits do not follow; write '%25'");
  }
  std::string_view path = *decoded;
  BlobRequest request;
  request.ns = take_until(path, '/');
  request.path = path;
  exchange.note.ns = request.ns;
  exchange.note.path = request.path;
  SEEKFS_ASSIGN(request.version, exchange.query.version());
  return request;
}

Result<BlobPlan> not_satisfiable(Exchange& exchange, const BlobRequest& request, std::uint64_t size) {
  exchange.note.file_size = size;
  return fail(ErrorCode::range_not_satisfiable,
              fmt::format("the range begins outside of '{}', which has {} bytes", request.path, size));
}

/// off and len of the query: cut at the end as pread does.
Result<BlobPlan> plan_parameters(Exchange& exchange, const BlobRequest& request, BlobPlan plan, std::uint64_t size) {
  plan.off = request.off.value_or(0);
  if (plan.off > 0 && plan.off >= size) return not_satisfiable(exchange, request, size);
  plan.len = std::min(request.len.value_or(size), size - plan.off);
  plan.head.content_length = plan.len;
  return plan;
}

Result<BlobPlan> plan_range_field(Exchange& exchange, const BlobRequest& request, BlobPlan plan, std::uint64_t size,
                                  const Validators& validators) {
  const bool applies = exchange.head.method == Method::get && if_range_holds(exchange.head.if_range, validators);
  const RangeDecision range = applies ? decide_range(exchange.head.range, size) : RangeDecision{};
  switch (range.kind) {
    case RangeDecision::Kind::unsatisfiable: return not_satisfiable(exchange, request, size);
    case RangeDecision::Kind::whole: plan.len = size; break;
    case RangeDecision::Kind::part:
      plan.off = range.off;
      plan.len = range.len;
      plan.head.status = 206;
      plan.head.content_range = ContentRange{range.off, range.len, size};
      break;
  }
  plan.head.content_length = plan.len;
  return plan;
}

bool is_hex(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'f');
  });
}

}  // namespace

Result<BlobRequest> parse_blob_request(Exchange& exchange) {
  return exchange.route == Route::blob ? parse_query_form(exchange) : parse_path_form(exchange);
}

Status check_hash(std::string_view wanted, const reader::FileRef& file, std::string& scratch) {
  std::string_view hex = wanted;
  const bool has_algorithm = wanted.find(':') != std::string_view::npos;
  const std::string_view algorithm = has_algorithm ? take_until(hex, ':') : std::string_view{};
  if (!is_hex(hex)) {
    return fail(
        ErrorCode::bad_request,
        fmt::format("'hash' is '{}'; it must be the hexadecimal digits of a hash, with or without 'sha256:'", wanted));
  }
  file.manifest().hash_hex(file.index(), scratch);
  const bool same = equal_ignoring_case(hex, scratch) &&
                    (!has_algorithm || algorithm == file.manifest().hash(file.index()).algorithm);
  if (same) return {};
  return fail(ErrorCode::hash_mismatch,
              fmt::format("the file's hash is {}", file.manifest().hash(file.index()).to_string()));
}

Result<BlobPlan> plan_blob(Exchange& exchange, const BlobRequest& request, const reader::FileRef& file) {
  exchange.note.version = file.version();
  if (request.hash) SEEKFS_TRY(check_hash(*request.hash, file, exchange.scratch.hash));
  file.manifest().hash_hex(file.index(), exchange.scratch.hash);
  const Validators validators{exchange.scratch.hash, file.mtime()};
  BlobPlan plan;
  plan.head.etag = exchange.scratch.hash;
  plan.head.last_modified = validators.modified;
  plan.head.version = file.version();
  plan.head.accept_ranges = true;
  switch (check_preconditions(exchange.head, validators)) {
    case Precondition::failed:
      return fail(ErrorCode::hash_mismatch, "a precondition of the request (If-Match, If-Unmodified-Since) failed");
    case Precondition::not_modified:
      plan.head.status = 304;
      plan.head.no_body = true;
      return plan;
    case Precondition::passed: break;
  }
  plan.head.content_type = "application/octet-stream";
  const std::uint64_t size = file.size();
  if (request.off || request.len) return plan_parameters(exchange, request, plan, size);
  return plan_range_field(exchange, request, plan, size, validators);
}

}  // namespace seekfs::http
