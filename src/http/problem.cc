// The table of problems and their documents.
#include "http/problem.h"

#include <algorithm>
#include <array>

#include "http/json_text.h"

namespace seekfs::http {
namespace {

using enum ErrorCode;

constexpr ProblemKind kind_of(ErrorCode code) {
  switch (code) {
    case bad_request: return {400, bad_request, "The request is malformed", false};
    case invalid_path: return {400, invalid_path, "The path is not valid", false};
    case unauthorized: return {401, unauthorized, "Credentials are needed", false};
    case forbidden: return {403, forbidden, "Not allowed", false};
    case not_found: return {404, not_found, "Not found", false};
    case no_such_namespace: return {404, no_such_namespace, "No such namespace", false};
    case no_such_version: return {404, no_such_version, "No such version", false};
    case hash_mismatch: return {412, hash_mismatch, "The file has another content", false};
    case range_not_satisfiable: return {416, range_not_satisfiable, "The range lies outside of the file", false};
    case too_large: return {413, too_large, "The request is too large", false};
    case method_not_allowed: return {405, method_not_allowed, "The method is not allowed here", false};
    case throttled: return {429, throttled, "Too many requests", true};
    case origin_unavailable: return {503, origin_unavailable, "The object store cannot be reached", true};
    case origin_denied: return {502, origin_denied, "The object store refused our credentials", false};
    case source_changed: return {502, source_changed, "The object is not the one that was published", false};
    case origin_corrupt: return {502, origin_corrupt, "The object store's bytes failed verification", true};
    case unsupported_manifest: return {502, unsupported_manifest, "The manifest cannot be served", false};
    case timeout: return {504, timeout, "It took too long", true};
    case internal: return {500, internal, "Internal error", false};
    case precondition_failed: return {502, source_changed, "The object is not the one that was published", false};
    case denied: return {502, origin_denied, "The object store refused our credentials", false};
    case transient: return {503, origin_unavailable, "The object store cannot be reached", true};
    case invalid: return {400, bad_request, "The request is malformed", false};
    case corrupt: return {502, origin_corrupt, "The object store's bytes failed verification", true};
    case conflict: return {500, internal, "Internal error", false};
    case cancelled: return {503, origin_unavailable, "The request was given up", true};
    case exhausted: return {503, throttled, "The server is out of a resource", true};
  }
  return {500, internal, "Internal error", false};
}

constexpr auto table = [] {
  std::array<ProblemKind, error_code_count> kinds{};
  for (std::size_t i = 0; i < kinds.size(); ++i) kinds[i] = kind_of(static_cast<ErrorCode>(i));
  return kinds;
}();

}  // namespace

const ProblemKind& problem_kind(ErrorCode code) noexcept { return table[static_cast<std::size_t>(code)]; }

Problem to_problem(const Error& error) {
  const ProblemKind& kind = problem_kind(error.code);
  Problem problem;
  problem.status = kind.status;
  problem.code = kind.code;
  problem.detail = error.message;
  if (error.retry_after) problem.retry_after = std::chrono::ceil<std::chrono::seconds>(*error.retry_after);
  if (kind.code == throttled) {
    problem.retry_after = std::max(problem.retry_after.value_or(std::chrono::seconds(1)), std::chrono::seconds(1));
  }
  return problem;
}

void append_problem(std::string& out, const Problem& problem, std::string_view request_id) {
  const std::string_view code = to_string(problem.code);
  const ProblemKind& kind = problem_kind(problem.code);
  JsonWriter json(out);
  json.begin_object();
  json.member("type", "urn:seekfs:problem:" + std::string(code)).member("title", kind.title);
  json.member("status", static_cast<std::uint64_t>(problem.status)).member("detail", problem.detail);
  json.member("code", code).member("retryable", kind.retryable).member("request_id", request_id);
  if (!problem.ns.empty()) json.member("ns", problem.ns);
  if (!problem.path.empty()) json.member("path", problem.path);
  if (problem.index) json.member("index", std::uint64_t{*problem.index});
  json.end_object();
}

}  // namespace seekfs::http
