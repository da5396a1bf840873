// Members of a JSON object as optional values; for the readers of the daemon's replies.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/error.h"

namespace seekfs::cli {

/// Nothing when the text is no JSON object.
inline std::optional<boost::json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

inline std::optional<std::string> text_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

template <class Number>
std::optional<Number> number_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  const auto number = value->to_number<Number>(error);
  return error ? std::nullopt : std::optional<Number>(number);
}

inline const boost::json::array* array_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

inline const boost::json::object* object_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

inline std::unexpected<Error> unexpected_reply(std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("the daemon's {} is not of this program's version", what));
}

}  // namespace seekfs::cli
