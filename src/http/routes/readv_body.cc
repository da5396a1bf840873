// Reading /readv's JSON by Boost.JSON's event parser, straight into items: no document in between.
#include "http/routes/readv_body.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>

namespace seekfs::http {
namespace {

using JsonError = boost::json::error_code;

/// Boost.JSON calls these as it reads; a false return with an error set ends the parse.
class ItemHandler {
 public:
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  std::uint64_t max_items = 0;
  std::vector<ReadvItem> items;
  std::optional<Error> error;

  bool on_document_begin(JsonError&) { return true; }
  bool on_document_end(JsonError&) { return true; }
  bool on_array_begin(JsonError& ec) {
    if (depth_ != 0) return refuse(ec, "an item is an array; it must be {\"path\", \"off\", \"len\"}");
    depth_ = 1;
    return true;
  }
  bool on_array_end(std::size_t, JsonError&) {
    depth_ = 0;
    return true;
  }
  bool on_object_begin(JsonError& ec) {
    if (depth_ == 0) return refuse(ec, "the body must be a JSON array of {\"path\", \"off\", \"len\"}");
    if (depth_ == 2) return refuse_value(ec);
    if (items.size() == max_items) {
      return refuse(ec, fmt::format("the body has more than {} items", max_items), ErrorCode::too_large);
    }
    depth_ = 2;
    items.emplace_back();
    has_path_ = has_off_ = has_len_ = false;
    return true;
  }
  bool on_object_end(std::size_t, JsonError& ec) {
    depth_ = 1;
    return has_path_ || refuse(ec, "the item has no 'path'");
  }

  bool on_key_part(boost::json::string_view part, std::size_t, JsonError&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(boost::json::string_view part, std::size_t, JsonError& ec) {
    text_.append(part.data(), part.size());
    key_ = std::exchange(text_, {});
    bool* const seen = key_ == "path" ? &has_path_ : key_ == "off" ? &has_off_ : key_ == "len" ? &has_len_ : nullptr;
    if (seen == nullptr) return refuse(ec, fmt::format("the item has an unknown member '{}'", key_));
    if (*seen) return refuse(ec, fmt::format("the item has '{}' twice", key_));
    *seen = true;
    return true;
  }
  bool on_string_part(boost::json::string_view part, std::size_t, JsonError&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(boost::json::string_view part, std::size_t, JsonError& ec) {
    text_.append(part.data(), part.size());
    if (depth_ != 2 || key_ != "path") return refuse_value(ec);
    items.back().path = std::exchange(text_, {});
    return true;
  }

  bool on_number_part(boost::json::string_view, JsonError&) { return true; }
  bool on_int64(std::int64_t number, boost::json::string_view text, JsonError& ec) {
    // "-0" is an integer of JSON, but no offset or length.
    return number >= 0 && !text.starts_with('-') ? on_number(static_cast<std::uint64_t>(number), ec) : refuse_value(ec);
  }
  bool on_uint64(std::uint64_t number, boost::json::string_view, JsonError& ec) { return on_number(number, ec); }
  bool on_double(double, boost::json::string_view, JsonError& ec) { return refuse_value(ec); }
  bool on_bool(bool, JsonError& ec) { return refuse_value(ec); }
  bool on_null(JsonError& ec) { return refuse_value(ec); }
  bool on_comment_part(boost::json::string_view, JsonError&) { return true; }
  bool on_comment(boost::json::string_view, JsonError&) { return true; }

  bool inside_item() const noexcept { return depth_ == 2 || !has_path_; }

 private:
  bool on_number(std::uint64_t number, JsonError& ec) {
    if (depth_ == 2 && key_ == "off") {
      items.back().off = number;
    } else if (depth_ == 2 && key_ == "len") {
      items.back().len = number;
    } else {
      return refuse_value(ec);
    }
    return true;
  }

  bool refuse(JsonError& ec, std::string message, ErrorCode code = ErrorCode::bad_request) {
    error.emplace(code, std::move(message));
    ec = boost::json::error::syntax;
    return false;
  }
  bool refuse_value(JsonError& ec) {
    if (depth_ != 2) return refuse(ec, "the body must be a JSON array of {\"path\", \"off\", \"len\"}");
    return refuse(ec, key_ == "path" ? "'path' must be a string"
                                     : fmt::format("'{}' must be an unsigned integer below 2^64", key_));
  }

  int depth_ = 0;  ///< 1: in the array, 2: in an item
  bool has_path_ = true;
  bool has_off_ = false;
  bool has_len_ = false;
  std::string key_;
  std::string text_;
};

std::optional<std::size_t> index_of(const ItemHandler& handler) {
  if (handler.items.empty() || handler.error->code == ErrorCode::too_large || !handler.inside_item())
    return std::nullopt;
  return handler.items.size() - 1;
}

}  // namespace

std::expected<std::vector<ReadvItem>, ReadvBodyError> parse_readv_body(std::string_view json, std::uint64_t max_items) {
  boost::json::parse_options options;
  options.max_depth = 4;
  boost::json::basic_parser<ItemHandler> parser(options);
  parser.handler().max_items = max_items;
  JsonError ec;
  const std::size_t read = parser.write_some(false, json.data(), json.size(), ec);
  ItemHandler& handler = parser.handler();
  if (handler.error) return std::unexpected(ReadvBodyError{*handler.error, index_of(handler)});
  if (!ec && read < json.size()) ec = boost::json::error::extra_data;
  if (ec) {
    return std::unexpected(ReadvBodyError{
        Error(ErrorCode::bad_request, fmt::format("the body is not JSON: {} at byte {}", ec.message(), read)), {}});
  }
  return std::move(handler.items);
}

}  // namespace seekfs::http
