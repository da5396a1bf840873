// Checks of credentials, and the JSON that they come in. Nothing here quotes what it was given.
#include "objectstore/s3/credentials_check.h"

#include <algorithm>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/number.h"
#include "objectstore/s3/xml.h"

namespace seekfs::objectstore::s3 {
namespace {

namespace json = boost::json;

bool is_header_safe(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// The text member `name`; empty when it is absent or null.
Result<std::string> text_member(const json::object& object, std::string_view name, std::string_view what) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return std::string();
  if (!value->is_string()) return fail(ErrorCode::invalid, fmt::format("{}: {} is not a text", what, name));
  return std::string(value->as_string());
}

Status check_preamble(const json::object& object, CredentialsJson form, std::string_view what) {
  if (form == CredentialsJson::process) {
    const json::value* version = object.if_contains("Version");
    if (version == nullptr || !version->is_int64() || version->as_int64() != 1) {
      return fail(ErrorCode::invalid, fmt::format("{}: Version must be 1", what));
    }
    return {};
  }
  SEEKFS_ASSIGN(const std::string code, text_member(object, "Code", what));
  if (code.empty() || code == "Success") return {};
  return fail(ErrorCode::denied, fmt::format("{} answers {}", what, safe_error_code(code)));
}

}  // namespace

Result<CredentialsRef> check_credentials(Credentials credentials, std::string_view what) {
  struct Part {
    std::string_view name;
    std::string_view text;
    bool required;
  };
  for (const Part& part : {Part{"access key id", credentials.access_key_id, true},
                           Part{"secret access key", credentials.secret_access_key, true},
                           Part{"session token", credentials.session_token, false}}) {
    if (part.required && part.text.empty()) {
      return fail(ErrorCode::invalid, fmt::format("{}: the {} is missing", what, part.name));
    }
    if (!is_header_safe(part.text)) {
      return fail(
          ErrorCode::invalid,
          fmt::format("{}: the {} has a space, a control character or one beyond ASCII in it", what, part.name));
    }
  }
  return std::make_shared<const Credentials>(std::move(credentials));
}

std::optional<std::chrono::system_clock::time_point> parse_expiration(std::string_view text) {
  if (text.ends_with('Z')) return parse_iso_time(text);
  // The offset follows the time, and '-' stands in the date too.
  const std::size_t sign = text.find_last_of("+-");
  if (sign == std::string_view::npos || sign < std::string_view("0000-00-00T").size()) return std::nullopt;
  const auto local = parse_iso_time(std::string(text.substr(0, sign)) + "Z");
  std::string digits(text.substr(sign + 1));
  if (digits.size() == 5 && digits[2] == ':') digits.erase(2, 1);
  const auto number = digits.size() == 4 ? parse_number(digits) : std::nullopt;
  if (!local || !number || *number / 100 > 23 || *number % 100 > 59) return std::nullopt;
  const std::chrono::minutes offset(*number / 100 * 60 + *number % 100);
  return text[sign] == '+' ? *local - offset : *local + offset;
}

std::string safe_error_code(std::string_view code) {
  const auto is_plain = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == ':' ||
           c == '_';
  };
  if (code.empty() || code.size() > 64 || !std::ranges::all_of(code, is_plain)) return "an error without a name";
  return std::string(code);
}

Result<CredentialsRef> parse_credentials_json(std::string_view text, CredentialsJson form, std::string_view what) {
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  if (error || !document.is_object()) {
    return fail(ErrorCode::invalid, fmt::format("{} gives no JSON object (its text is not shown, for it may hold a "
                                                "secret)",
                                                what));
  }
  const json::object& object = document.as_object();
  SEEKFS_TRY(check_preamble(object, form, what));
  Credentials credentials;
  SEEKFS_ASSIGN(credentials.access_key_id, text_member(object, "AccessKeyId", what));
  SEEKFS_ASSIGN(credentials.secret_access_key, text_member(object, "SecretAccessKey", what));
  SEEKFS_ASSIGN(credentials.session_token,
                text_member(object, form == CredentialsJson::process ? "SessionToken" : "Token", what));
  SEEKFS_ASSIGN(const std::string expiration, text_member(object, "Expiration", what));
  if (!expiration.empty()) {
    credentials.expiration = parse_expiration(expiration);
    if (!credentials.expiration) {
      return fail(ErrorCode::invalid, fmt::format("{}: Expiration is not a time like 2026-01-02T03:04:05Z", what));
    }
  }
  return check_credentials(std::move(credentials), what);
}

}  // namespace seekfs::objectstore::s3
