// Which operation of S3 a method, a path and a query are.
#include "objectstore/s3/s3_request_testing.h"

#include <algorithm>
#include <array>

#include "base/percent_decode.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::array<std::string_view, 13> names = {
    "head",         "get",          "put",        "delete", "list",   "create_upload", "upload_part", "complete_upload",
    "abort_upload", "list_uploads", "list_parts", "bucket", "unknown"};

std::optional<std::string> decode(std::string_view text, PlusSign plus) {
  std::string scratch;
  scratch.reserve(text.size());
  const auto decoded = percent_decode(text, plus, scratch);
  if (!decoded) return std::nullopt;
  return std::string(*decoded);
}

bool parse_query(std::string_view text, std::vector<std::pair<std::string, std::string>>& query) {
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    const std::size_t equals = part.find('=');
    const auto name = decode(part.substr(0, equals), PlusSign::space);
    const auto value = decode(equals == std::string_view::npos ? "" : part.substr(equals + 1), PlusSign::space);
    if (!name || !value) return false;
    query.emplace_back(*name, *value);
  }
  return true;
}

S3Operation on_bucket(const ServedS3Request& request) {
  const std::string& method = request.http->method;
  if (method == "HEAD") return S3Operation::bucket;
  if (method != "GET") return S3Operation::unknown;
  if (request.has("location")) return S3Operation::bucket;
  if (request.has("uploads")) return S3Operation::list_uploads;
  return request.value("list-type") == "2" ? S3Operation::list : S3Operation::unknown;
}

S3Operation on_key(const ServedS3Request& request) {
  const std::string& method = request.http->method;
  const bool of_upload = request.has("uploadId");
  if (method == "POST" && request.has("uploads")) return S3Operation::create_upload;
  if (method == "POST" && of_upload) return S3Operation::complete_upload;
  if (!request.http->header("x-amz-copy-source").empty()) return S3Operation::unknown;
  if (method == "PUT" && of_upload) return S3Operation::upload_part;
  if (method == "DELETE" && of_upload) return S3Operation::abort_upload;
  if (method == "GET" && of_upload) return S3Operation::list_parts;
  for (const std::string_view other :
       {"acl", "tagging", "attributes", "retention", "legal-hold", "torrent", "restore"}) {
    if (request.has(other)) return S3Operation::unknown;
  }
  if (method == "HEAD") return S3Operation::head;
  if (method == "GET") return S3Operation::get;
  if (method == "PUT") return S3Operation::put;
  if (method == "DELETE") return S3Operation::remove;
  return S3Operation::unknown;
}

}  // namespace

std::string_view to_string(S3Operation operation) { return names[static_cast<std::size_t>(operation)]; }

std::optional<S3Operation> operation_of(std::string_view name) {
  const auto* const found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<S3Operation>(found - names.begin());
}

std::string ServedS3Request::value(std::string_view name) const {
  for (const auto& [key_of, value_of] : query) {
    if (key_of == name) return value_of;
  }
  return {};
}

bool ServedS3Request::has(std::string_view name) const {
  return std::ranges::any_of(query, [name](const auto& pair) { return pair.first == name; });
}

std::optional<ServedS3Request> parse_s3_request(const ServedRequest& http, std::string_view bucket) {
  ServedS3Request request{.http = &http};
  const std::size_t question = http.target.find('?');
  request.path = http.target.substr(0, question);
  if (question != std::string::npos &&
      !parse_query(std::string_view(http.target).substr(question + 1), request.query)) {
    return std::nullopt;
  }
  const auto path = decode(request.path, PlusSign::plus);
  if (!path || !path->starts_with('/')) return std::nullopt;
  std::string_view rest = std::string_view(*path).substr(1);
  if (http.header("host").starts_with(std::string(bucket) + '.')) {
    request.right_bucket = true;
  } else {
    request.right_bucket = rest.substr(0, rest.find('/')) == bucket;
    rest.remove_prefix(std::min(rest.find('/'), rest.size()));
    if (!rest.empty()) rest.remove_prefix(1);
  }
  request.key = rest;
  request.operation = rest.empty() ? on_bucket(request) : on_key(request);
  if (rest.empty()) request.key = request.value("prefix");
  return request;
}

}  // namespace seekfs::objectstore::s3
