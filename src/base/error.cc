// Names of error codes, and the table from errno to them.
#include "base/error.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace seekfs {
namespace {

constexpr std::array<std::string_view, error_code_count> names = {"bad_request",
                                                                  "invalid_path",
                                                                  "unauthorized",
                                                                  "forbidden",
                                                                  "not_found",
                                                                  "no_such_namespace",
                                                                  "no_such_version",
                                                                  "hash_mismatch",
                                                                  "range_not_satisfiable",
                                                                  "too_large",
                                                                  "method_not_allowed",
                                                                  "throttled",
                                                                  "origin_unavailable",
                                                                  "origin_denied",
                                                                  "source_changed",
                                                                  "origin_corrupt",
                                                                  "unsupported_manifest",
                                                                  "timeout",
                                                                  "internal",
                                                                  "precondition_failed",
                                                                  "denied",
                                                                  "transient",
                                                                  "invalid",
                                                                  "corrupt",
                                                                  "conflict",
                                                                  "cancelled",
                                                                  "exhausted"};

ErrorCode code_from_errno(int error_number) {
  switch (error_number) {
    case ENOENT: return ErrorCode::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorCode::denied;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ErrorCode::exhausted;
    case ENAMETOOLONG:
    case EINVAL:
    case ENOTDIR:
    case EISDIR:
    case ELOOP: return ErrorCode::invalid;
    case EEXIST: return ErrorCode::precondition_failed;
    default: return ErrorCode::transient;
  }
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept { return names[static_cast<std::size_t>(code)]; }

Error Error::with_context(std::string_view context) const& {
  Error copy = *this;
  copy.message = fmt::format("{}: {}", context, message);
  return copy;
}

Error error_from_errno(int error_number, std::string_view action, std::source_location at) {
  return Error(code_from_errno(error_number),
               fmt::format("{}: {}", action, std::generic_category().message(error_number)), at);
}

}  // namespace seekfs
