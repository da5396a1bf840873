// Reading /hints' JSON by Boost.JSON's event parser, straight into windows: no document in between.
#include "http/routes/hints_body.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>

#include <limits>
#include <utility>

#include "base/utf8.h"
#include "manifest/path.h"

namespace seekfs::http {
namespace {

using JsonError = boost::json::error_code;

/// Where in the body the parser is.
enum class Place : std::uint8_t { outside, hint, windows, window, ranges, range };

/// Boost.JSON calls these as it reads; a false return with an error set ends the parse.
class HintHandler {
 public:
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  std::uint64_t max_items = 0;
  reader::HintRequest hint;
  std::optional<Error> error;

  bool on_document_begin(JsonError&) { return true; }
  bool on_document_end(JsonError&) { return true; }

  bool on_object_begin(JsonError& ec) {
    if (place_ == Place::outside) {
      place_ = Place::hint;
      return true;
    }
    if (place_ != Place::windows) return refuse_value(ec);
    if (!count_item(ec)) return false;
    place_ = Place::window;
    hint.windows.emplace_back();
    has_path_ = has_prefix_ = has_ranges_ = false;
    return true;
  }
  bool on_object_end(std::size_t, JsonError& ec) {
    if (place_ == Place::hint) {
      if (!has_epoch_) return refuse(ec, "the hint has no 'epoch'");
      return has_windows_ || refuse(ec, "the hint has no 'windows'");
    }
    place_ = Place::windows;
    if (has_path_ == has_prefix_) return refuse(ec, "the window must have either a 'path' or a 'prefix'", true);
    if (has_prefix_ && has_ranges_) return refuse(ec, "'ranges' go with a 'path', not with a 'prefix'", true);
    return check_name(ec);
  }

  bool on_array_begin(JsonError& ec) {
    if (place_ == Place::hint && key_ == "windows") {
      place_ = Place::windows;
    } else if (place_ == Place::window && key_ == "ranges") {
      place_ = Place::ranges;
    } else if (place_ == Place::ranges) {
      if (!count_item(ec)) return false;
      place_ = Place::range;
      numbers_ = 0;
      hint.windows.back().ranges.emplace_back();
    } else {
      return refuse_value(ec);
    }
    return true;
  }
  bool on_array_end(std::size_t, JsonError& ec) {
    if (place_ == Place::windows) {
      place_ = Place::hint;
    } else if (place_ == Place::ranges) {
      place_ = Place::window;
      if (hint.windows.back().ranges.empty()) {
        return refuse(ec, "'ranges' is empty; leave it out for the whole file", true);
      }
    } else {
      place_ = Place::ranges;
      if (numbers_ != 2) return refuse_value(ec);
    }
    return true;
  }

  bool on_key_part(boost::json::string_view part, std::size_t, JsonError&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(boost::json::string_view part, std::size_t, JsonError& ec) {
    text_.append(part.data(), part.size());
    key_ = std::exchange(text_, {});
    const bool in_window = place_ == Place::window;
    bool* const seen = in_window ? window_member() : hint_member();
    const std::string_view what = in_window ? "window" : "hint";
    if (seen == nullptr) return refuse(ec, fmt::format("the {} has an unknown member '{}'", what, key_), in_window);
    if (*seen) return refuse(ec, fmt::format("the {} has '{}' twice", what, key_), in_window);
    *seen = true;
    return true;
  }

  bool on_string_part(boost::json::string_view part, std::size_t, JsonError&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(boost::json::string_view part, std::size_t, JsonError& ec) {
    text_.append(part.data(), part.size());
    if (place_ != Place::window || key_ == "ranges") return refuse_value(ec);
    hint.windows.back().name = std::exchange(text_, {});
    hint.windows.back().is_prefix = key_ == "prefix";
    return true;
  }

  bool on_number_part(boost::json::string_view, JsonError&) { return true; }
  bool on_int64(std::int64_t number, boost::json::string_view text, JsonError& ec) {
    // "-0" is an integer of JSON, but none of ours.
    return number >= 0 && !text.starts_with('-') ? on_number(static_cast<std::uint64_t>(number), ec) : refuse_value(ec);
  }
  bool on_uint64(std::uint64_t number, boost::json::string_view, JsonError& ec) { return on_number(number, ec); }
  bool on_double(double, boost::json::string_view, JsonError& ec) { return refuse_value(ec); }
  bool on_bool(bool, JsonError& ec) { return refuse_value(ec); }
  bool on_null(JsonError& ec) { return refuse_value(ec); }
  bool on_comment_part(boost::json::string_view, JsonError&) { return true; }
  bool on_comment(boost::json::string_view, JsonError&) { return true; }

  bool concerns_window() const noexcept { return concerns_window_; }

 private:
  bool* window_member() {
    return key_ == "path" ? &has_path_ : key_ == "prefix" ? &has_prefix_ : key_ == "ranges" ? &has_ranges_ : nullptr;
  }
  bool* hint_member() {
    return key_ == "epoch"      ? &has_epoch_
           : key_ == "priority" ? &has_priority_
           : key_ == "ttl_ms"   ? &has_ttl_
           : key_ == "windows"  ? &has_windows_
                                : nullptr;
  }

  bool on_number(std::uint64_t number, JsonError& ec) {
    if (place_ == Place::range && numbers_ < 2) {
      reader::HintRange& range = hint.windows.back().ranges.back();
      (numbers_++ == 0 ? range.off : range.len) = number;
      return true;
    }
    if (place_ != Place::hint || key_ == "windows") return refuse_value(ec);
    if (key_ == "epoch") hint.epoch = number;
    if (key_ == "priority") hint.priority = number;
    if (key_ == "ttl_ms") hint.ttl = ttl_of(number);
    return true;
  }

  /// What a duration cannot hold is longer than any that is allowed.
  static env::Duration ttl_of(std::uint64_t milliseconds) {
    constexpr std::uint64_t longest = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(milliseconds, longest)));
  }

  bool count_item(JsonError& ec) {
    if (++items_ <= max_items) return true;
    error.emplace(
        ErrorCode::too_large,
        fmt::format("the hint has more than {} windows and ranges: send the rest as another hint", max_items));
    ec = boost::json::error::syntax;
    return false;
  }

  bool check_name(JsonError& ec) {
    const reader::HintWindow& window = hint.windows.back();
    const Status checked =
        window.is_prefix ? (is_utf8(window.name) ? Status{} : fail(ErrorCode::invalid_path, "'prefix' is not UTF-8"))
                         : manifest::check_path(window.name);
    if (checked) return true;
    error = checked.error();
    concerns_window_ = true;
    ec = boost::json::error::syntax;
    return false;
  }

  bool refuse(JsonError& ec, std::string message, bool window = false) {
    error.emplace(ErrorCode::bad_request, std::move(message));
    concerns_window_ = window;
    ec = boost::json::error::syntax;
    return false;
  }
  bool refuse_value(JsonError& ec) {
    switch (place_) {
      case Place::outside: return refuse(ec, "the body must be a JSON object with 'epoch' and 'windows'");
      case Place::hint:
        return refuse(ec, key_ == "windows" ? "'windows' must be an array"
                                            : fmt::format("'{}' must be an unsigned integer below 2^64", key_));
      case Place::windows: return refuse(ec, "a window must be {\"path\", \"ranges\"} or {\"prefix\"}");
      case Place::window:
        return refuse(
            ec,
            key_ == "ranges" ? "'ranges' must be an array of [off, len]" : fmt::format("'{}' must be a string", key_),
            true);
      case Place::ranges:
      case Place::range: break;
    }
    return refuse(ec, "a range must be [off, len], two unsigned integers below 2^64", true);
  }

  Place place_ = Place::outside;
  std::uint64_t items_ = 0;
  int numbers_ = 0;  ///< of the range
  bool has_epoch_ = false;
  bool has_priority_ = false;
  bool has_ttl_ = false;
  bool has_windows_ = false;
  bool has_path_ = false;
  bool has_prefix_ = false;
  bool has_ranges_ = false;
  bool concerns_window_ = false;
  std::string key_;
  std::string text_;
};

}  // namespace

std::expected<reader::HintRequest, HintsBodyError> parse_hints_body(std::string_view json, std::uint64_t max_items) {
  boost::json::parse_options options;
  options.max_depth = 8;
  boost::json::basic_parser<HintHandler> parser(options);
  HintHandler& handler = parser.handler();
  handler.max_items = max_items;
  JsonError ec;
  const std::size_t read = parser.write_some(false, json.data(), json.size(), ec);
  if (handler.error) {
    const bool known = handler.concerns_window() && !handler.hint.windows.empty();
    return std::unexpected(
        HintsBodyError{*handler.error, known ? std::optional(handler.hint.windows.size() - 1) : std::nullopt});
  }
  if (!ec && read < json.size()) ec = boost::json::error::extra_data;
  if (ec) {
    return std::unexpected(HintsBodyError{
        Error(ErrorCode::bad_request, fmt::format("the body is not JSON: {} at byte {}", ec.message(), read)), {}});
  }
  return std::move(handler.hint);
}

}  // namespace seekfs::http
