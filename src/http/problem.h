// Errors as clients see them: the one table from ErrorCode to HTTP, and problem documents (RFC 9457).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::http {

/// How an error looks from outside. Codes that only stores and file systems know appear as the public code they mean.
struct ProblemKind {
  int status;
  ErrorCode code;  ///< the public code
  std::string_view title;
  bool retryable;
};
const ProblemKind& problem_kind(ErrorCode code) noexcept;

inline constexpr std::string_view problem_content_type = "application/problem+json";

struct Problem {
  int status = 500;
  ErrorCode code = ErrorCode::internal;
  std::string detail;
  std::optional<std::chrono::seconds> retry_after;
  std::string ns;    ///< empty: not about a namespace
  std::string path;  ///< empty: not about a file
  std::optional<std::size_t> index;
};

/// With the status of the table, and retry_after (at least 1 s) on everything throttled.
Problem to_problem(const Error& error);

/// Appends the document: type, title, status, detail, code, retryable, request_id, and ns, path, index where set.
void append_problem(std::string& out, const Problem& problem, std::string_view request_id);

}  // namespace seekfs::http
