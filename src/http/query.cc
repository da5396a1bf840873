// Parsing of the query part.
#include "http/query.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.h"
#include "base/percent_decode.h"
#include "http/ascii.h"

namespace seekfs::http {

Status Query::parse(std::string_view text) {
  count_ = 0;
  decoded_.clear();
  decoded_.reserve(text.size());
  if (text.empty()) return {};
  if (text.back() == '&') return fail(ErrorCode::bad_request, "the query ends in '&'");
  // Most queries have nothing to decode, which two searches tell of all parameters.
  const bool encoded = text.find('%') != std::string_view::npos || text.find('+') != std::string_view::npos;
  while (!text.empty()) SEEKFS_TRY(add(take_until(text, '&'), encoded));
  return {};
}

Status Query::add(std::string_view item, bool encoded) {
  const std::string_view raw_key = take_until(item, '=');
  const auto key = encoded ? percent_decode(raw_key, PlusSign::space, decoded_) : std::optional(raw_key);
  const auto value = encoded ? percent_decode(item, PlusSign::space, decoded_) : std::optional(item);
  if (!key || !value) {
    return fail(ErrorCode::bad_request, "the query has a '%' that two hexadecimal digits do not follow; write '%25'");
  }
  if (key->empty()) return fail(ErrorCode::bad_request, "the query has a parameter without a name");
  if (get(*key)) return fail(ErrorCode::bad_request, fmt::format("the query has '{}' twice", *key));
  if (count_ == max_parameters) {
    return fail(ErrorCode::bad_request, fmt::format("the query has more than {} parameters", max_parameters));
  }
  parameters_[count_++] = {*key, *value};
  return {};
}

std::optional<std::string_view> Query::get(std::string_view key) const noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    if (parameters_[i].key == key) return parameters_[i].value;
  }
  return std::nullopt;
}

Status Query::allow_only(std::initializer_list<std::string_view> keys) const {
  for (std::size_t i = 0; i < count_; ++i) {
    if (std::find(keys.begin(), keys.end(), parameters_[i].key) == keys.end()) {
      return fail(ErrorCode::bad_request, fmt::format("unknown parameter '{}'; this endpoint takes: {}",
                                                      parameters_[i].key, fmt::join(keys, ", ")));
    }
  }
  return {};
}

Result<std::string_view> Query::required(std::string_view key) const {
  if (const auto value = get(key)) return *value;
  return fail(ErrorCode::bad_request, fmt::format("the parameter '{}' is missing", key));
}

Result<std::optional<std::uint64_t>> Query::number(std::string_view key) const {
  const auto value = get(key);
  if (!value) return std::nullopt;
  const auto number = parse_number(*value);
  if (!number) {
    return fail(ErrorCode::bad_request,
                fmt::format("'{}' is '{}'; it must be an unsigned decimal number", key, *value));
  }
  return number;
}

Result<std::optional<std::uint64_t>> Query::version() const {
  SEEKFS_ASSIGN(const auto version, number("version"));
  if (version == 0) return fail(ErrorCode::bad_request, "'version' is 0; versions are 1 and up");
  return version;
}

}  // namespace seekfs::http
