// Known members, types and messages that all nodes share.
#include "manifest/json_node.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "manifest/in_quotes.h"

namespace seekfs::manifest {

std::string_view describe(JsonType type) noexcept {
  static constexpr std::array<std::string_view, 7> names = {
      "null",      "a boolean", "an unsigned integer", "a number that is not an integer from 0 to 2^64-1", "a string",
      "an object", "an array"};
  return names[static_cast<std::size_t>(type)];
}

Status JsonNode::on_string_part(std::string_view) {
  return fail(ErrorCode::internal, "a string came in parts to a node that wants it whole");
}

std::unexpected<Error> JsonNode::refuse(std::string_view what) const {
  std::string message;
  append_value_name(message);
  message += ": ";
  message += what;
  return fail(ErrorCode::unsupported_manifest, std::move(message));
}

std::unexpected<Error> JsonNode::mismatch(std::string_view expected, JsonType found) const {
  return refuse(fmt::format("expected {}, found {}", expected, describe(found)));
}

Result<std::uint64_t> JsonNode::integer(const Scalar& value, std::uint64_t max) const {
  if (value.type != JsonType::unsigned_integer) return mismatch("an unsigned integer", value.type);
  if (value.integer > max) return refuse(fmt::format("expected at most {}, found {}", max, value.integer));
  return value.integer;
}

Result<std::string_view> JsonNode::text(const Scalar& value) const {
  if (value.type != JsonType::string) return mismatch("a string", value.type);
  return value.text;
}

Result<bool> ObjectNode::on_key(std::string_view key) {
  const std::size_t count = fields_.size();
  std::size_t at = seen_ == 0 ? 0 : field_ + 1;
  for (std::size_t tried = 0; tried < count; ++tried, ++at) {
    if (at >= count) at = 0;
    if (fields_[at].name != key) continue;
    field_ = at;
    if (has(at)) return refuse("is there twice");
    seen_ |= 1U << at;
    return true;
  }
  return false;
}

void ObjectNode::append_value_name(std::string& out) const { out += fields_[field_].name; }

Result<JsonNode*> ObjectNode::on_open(JsonType bracket) { return mismatch(expected_type(), bracket); }

Status ObjectNode::check_required() const {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (fields_[i].required && !has(i)) return refuse_field(i, "is missing");
  }
  return {};
}

std::unexpected<Error> ObjectNode::refuse_field(std::size_t field, std::string_view what) const {
  return fail(ErrorCode::unsupported_manifest, fmt::format("{}: {}", fields_[field].name, what));
}

Result<bool> ArrayNode::on_key(std::string_view) { return fail(ErrorCode::internal, "an array has no keys"); }

void ArrayNode::append_value_name(std::string& out) const { fmt::format_to(std::back_inserter(out), "[{}]", next_); }

Status ArrayNode::on_scalar(const Scalar& value) { return mismatch(element_, value.type); }

Result<JsonNode*> ArrayNode::on_open(JsonType bracket) { return mismatch(element_, bracket); }

}  // namespace seekfs::manifest
