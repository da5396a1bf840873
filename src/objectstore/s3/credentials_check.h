// What every source's credentials go through before anything uses them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "objectstore/s3/credentials.h"

namespace seekfs::objectstore::s3 {

/// `credentials` when they are whole and can stand in a header: key and secret are there, and nothing but printable
/// ASCII without spaces is in any part. Else `invalid`, which names `what` and the part but quotes nothing.
Result<CredentialsRef> check_credentials(Credentials credentials, std::string_view what);

/// "2026-01-02T03:04:05Z", also with a fraction, which is dropped, or with an offset like "+01:00".
std::optional<std::chrono::system_clock::time_point> parse_expiration(std::string_view text);

/// A service's error code when it looks like one; else "an error without a name", since anything may stand there.
std::string safe_error_code(std::string_view code);

/// The JSON that credential_process (Version, SessionToken) and the metadata services (Code, Token) answer with.
enum class CredentialsJson : std::uint8_t { process, metadata };
/// Errors: invalid (what is missing or wrong, but nothing of the text); denied (the service's Code is not Success).
Result<CredentialsRef> parse_credentials_json(std::string_view text, CredentialsJson form, std::string_view what);

}  // namespace seekfs::objectstore::s3
