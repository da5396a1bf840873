// Boost.JSON's streaming parser, driving the nodes.
#include "manifest/json_reader.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <optional>
#include <utility>

#include "manifest/open_nodes.h"

namespace seekfs::manifest {
namespace {

using boost::json::error_code;
using boost::json::string_view;

std::string_view standard(string_view text) { return {text.data(), text.size()}; }

/// Turns the parser's events into calls of OpenNodes. An Error is set aside and the parser stopped.
class Handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  explicit Handler(JsonNode& root) : nodes_(root) {}

  std::optional<Error> take_error() { return std::exchange(error_, std::nullopt); }
  const OpenNodes& nodes() const { return nodes_; }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) { return done(nodes_.open(JsonType::object), ec); }
  bool on_object_end(std::size_t, error_code& ec) { return done(nodes_.close(), ec); }
  bool on_array_begin(error_code& ec) { return done(nodes_.open(JsonType::array), ec); }
  bool on_array_end(std::size_t, error_code& ec) { return done(nodes_.close(), ec); }
  bool on_key_part(string_view part, std::size_t, error_code& ec) {
    return done(nodes_.key(standard(part), false), ec);
  }
  bool on_key(string_view part, std::size_t, error_code& ec) { return done(nodes_.key(standard(part), true), ec); }
  bool on_string_part(string_view part, std::size_t, error_code& ec) {
    return done(nodes_.string(standard(part), false), ec);
  }
  bool on_string(string_view part, std::size_t, error_code& ec) {
    return done(nodes_.string(standard(part), true), ec);
  }
  bool on_number_part(string_view part, error_code&) {
    note_sign(part);
    return true;
  }
  bool on_int64(std::int64_t value, string_view text, error_code& ec) {
    note_sign(text);
    return number(static_cast<std::uint64_t>(value), ec);
  }
  bool on_uint64(std::uint64_t value, string_view text, error_code& ec) {
    note_sign(text);
    return number(value, ec);
  }
  bool on_double(double, string_view, error_code& ec) {
    sign_ = '\0';
    return done(nodes_.scalar({JsonType::other_number, 0, {}}), ec);
  }
  bool on_bool(bool, error_code& ec) { return done(nodes_.scalar({JsonType::boolean, 0, {}}), ec); }
  bool on_null(error_code& ec) { return done(nodes_.scalar({}), ec); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

 private:
  bool done(Status status, error_code& ec) {
    if (status) return true;
    error_ = std::move(status).error();
    ec = boost::json::error::exception;
    return false;
  }

  /// Remembers a number's first character: "-0" is no unsigned integer though its value is 0.
  void note_sign(string_view text) {
    if (sign_ == '\0' && !text.empty()) sign_ = text.front();
  }

  bool number(std::uint64_t value, error_code& ec) {
    const bool negative = std::exchange(sign_, '\0') == '-';
    return done(nodes_.scalar({negative ? JsonType::other_number : JsonType::unsigned_integer, value, {}}), ec);
  }

  OpenNodes nodes_;
  char sign_ = '\0';
  std::optional<Error> error_;
};

}  // namespace

struct JsonReader::State {
  explicit State(JsonNode& root) : parser(boost::json::parse_options{}, root) {}

  Status write(bool more, std::string_view piece) {
    error_code ec;
    const std::size_t used = parser.write_some(more, piece.data(), piece.size(), ec);
    if (auto error = parser.handler().take_error()) return std::unexpected(*std::move(error));
    position += used;
    if (ec == boost::json::error::incomplete) return refuse("the JSON text ends early");
    if (ec == boost::json::error::too_deep) return refuse("is nested deeper than 32 levels");
    if (ec) return refuse(fmt::format("is not JSON: {}", ec.message()));
    if (used < piece.size()) return refuse("more follows after the end of the JSON text");
    return {};
  }

  Status refuse(std::string_view what) {
    return fail(ErrorCode::unsupported_manifest,
                fmt::format("{}{} (at byte {})", parser.handler().nodes().where(), what, position));
  }

  boost::json::basic_parser<Handler> parser;
  std::uint64_t position = 0;
};

JsonReader::JsonReader(JsonNode& root) : state_(std::make_unique<State>(root)) {}
JsonReader::~JsonReader() = default;

Status JsonReader::feed(std::string_view piece) { return state_->write(true, piece); }

Status JsonReader::finish() { return state_->write(false, {}); }

}  // namespace seekfs::manifest
