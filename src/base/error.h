// The one error type of the program: a code from a closed list, a sentence for a person, and where it arose.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace seekfs {

/// Every way in which an operation fails. The first block is what clients of the daemon see (HTTP problem codes, exit
/// codes, errno: one table each, in http/, cli/ and fuse/). The second block is what an object store or a file system
/// says; it is translated to the first where the meaning is known (fetch/, reader/, publish/).
enum class ErrorCode : std::uint8_t {
  bad_request,
  invalid_path,
  unauthorized,
  forbidden,
  not_found,
  no_such_namespace,
  no_such_version,
  hash_mismatch,
  range_not_satisfiable,
  too_large,
  method_not_allowed,
  throttled,
  origin_unavailable,
  origin_denied,
  source_changed,
  origin_corrupt,
  unsupported_manifest,
  timeout,
  internal,

  precondition_failed,  ///< a conditional put or a GET with If-Match found another ETag
  denied,               ///< credentials or permissions do not suffice
  transient,            ///< may succeed when tried again: network, EIO, a store that is away
  invalid,              ///< the argument can never work: a key, a name, a configuration
  corrupt,              ///< bytes were read and are not what they must be
  conflict,             ///< somebody else changed the same thing first
  cancelled,            ///< nobody wants the result any more
  exhausted,            ///< memory, descriptors, disk space or a limit of ours
};

inline constexpr std::size_t error_code_count = static_cast<std::size_t>(ErrorCode::exhausted) + 1;

/// The code as it is spelled in problem documents and logs, e.g. "no_such_namespace".
std::string_view to_string(ErrorCode code) noexcept;

/// A failed operation. A value; thread-safe as any value.
struct [[nodiscard]] Error {
  ErrorCode code;
  /// One sentence that names the thing and, where there is one, the fix. Never holds a secret.
  std::string message;
  /// How long the other side asked us to wait before trying again.
  std::optional<std::chrono::milliseconds> retry_after;
  /// Where it arose; for logs, not for clients.
  std::source_location where;

  Error(ErrorCode error_code, std::string text, std::source_location at = std::source_location::current())
      : code(error_code), message(std::move(text)), where(at) {}

  /// The same error with "context: " before its message; code and place of origin stay.
  [[nodiscard]] Error with_context(std::string_view context) const&;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

/// Builds the failed side of a Result.
inline std::unexpected<Error> fail(ErrorCode code, std::string message,
                                   std::source_location at = std::source_location::current()) {
  return std::unexpected<Error>(Error(code, std::move(message), at));
}

/// An errno value as an Error. ENOENT: not_found; EACCES, EPERM: denied; EROFS: denied; ENOSPC, EDQUOT, EMFILE, ENFILE,
/// ENOMEM: exhausted; ENAMETOOLONG, EINVAL, ENOTDIR, EISDIR, ELOOP: invalid; EEXIST: precondition_failed; all else:
/// transient. `action` is what was tried, e.g. "open /data/a".
Error error_from_errno(int error_number, std::string_view action,
                       std::source_location at = std::source_location::current());

}  // namespace seekfs

#define SEEKFS_CONCAT_INNER(a, b) a##b
#define SEEKFS_CONCAT(a, b) SEEKFS_CONCAT_INNER(a, b)

/// SEEKFS_TRY(expr): leaves the function with the Error of `expr` (a Result or Status), if it has one.
#define SEEKFS_TRY(expr)                                                         \
  do {                                                                           \
    if (auto seekfs_status = (expr); !seekfs_status) {                           \
      return std::unexpected<::seekfs::Error>(std::move(seekfs_status).error()); \
    }                                                                            \
  } while (false)

/// SEEKFS_ASSIGN(decl, expr): `decl` gets the value of `expr`, or the function is left with its Error.
#define SEEKFS_ASSIGN(decl, expr) SEEKFS_ASSIGN_INNER(SEEKFS_CONCAT(seekfs_result_, __LINE__), decl, expr, return)

/// The same two inside a coroutine.
#define SEEKFS_CO_TRY(expr)                                                         \
  do {                                                                              \
    if (auto seekfs_status = (expr); !seekfs_status) {                              \
      co_return std::unexpected<::seekfs::Error>(std::move(seekfs_status).error()); \
    }                                                                               \
  } while (false)
#define SEEKFS_CO_ASSIGN(decl, expr) SEEKFS_ASSIGN_INNER(SEEKFS_CONCAT(seekfs_result_, __LINE__), decl, expr, co_return)

#define SEEKFS_ASSIGN_INNER(result, decl, expr, leave)                 \
  auto result = (expr);                                                \
  if (!result) {                                                       \
    leave std::unexpected<::seekfs::Error>(std::move(result).error()); \
  }                                                                    \
  decl = std::move(*result)
