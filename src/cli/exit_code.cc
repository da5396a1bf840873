// The table from error codes to exit codes.
#include "cli/exit_code.h"

namespace seekfs::cli {

ExitCode exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::bad_request:
    case ErrorCode::invalid_path:
    case ErrorCode::invalid:
    case ErrorCode::range_not_satisfiable:
    case ErrorCode::too_large:
    case ErrorCode::method_not_allowed: return ExitCode::usage;
    case ErrorCode::hash_mismatch:
    case ErrorCode::origin_corrupt:
    case ErrorCode::source_changed:
    case ErrorCode::corrupt: return ExitCode::mismatch;
    case ErrorCode::conflict:
    case ErrorCode::precondition_failed: return ExitCode::conflict;
    case ErrorCode::not_found:
    case ErrorCode::no_such_namespace:
    case ErrorCode::no_such_version: return ExitCode::not_found;
    case ErrorCode::origin_unavailable:
    case ErrorCode::origin_denied:
    case ErrorCode::unsupported_manifest:
    case ErrorCode::unauthorized:
    case ErrorCode::forbidden:
    case ErrorCode::throttled:
    case ErrorCode::timeout:
    case ErrorCode::denied:
    case ErrorCode::transient: return ExitCode::origin;
    case ErrorCode::internal:
    case ErrorCode::cancelled:
    case ErrorCode::exhausted: return ExitCode::failure;
  }
  return ExitCode::failure;
}

}  // namespace seekfs::cli
