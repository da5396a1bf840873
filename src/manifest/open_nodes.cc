// Dispatch of JSON events to nodes.
#include "manifest/open_nodes.h"

#include <fmt/format.h>

#include <utility>

#include "manifest/in_quotes.h"

namespace seekfs::manifest {
namespace {

constexpr std::size_t max_key_bytes = 1024;
constexpr std::size_t max_unknown_bytes = std::size_t{1} << 20U;

}  // namespace

std::string OpenNodes::where() const {
  std::string names;
  for (std::size_t i = 0; i < depth_ && levels_[i].node != nullptr; ++i) levels_[i].node->append_name(names);
  if (names.ends_with('.')) names.pop_back();
  if (!names.empty() && !names.ends_with(' ')) names += ": ";
  return names;
}

Error OpenNodes::placed(Error error) const {
  std::string names;
  for (std::size_t i = 0; i < depth_ && levels_[i].node != nullptr; ++i) levels_[i].node->append_name(names);
  error.message.insert(0, names);
  return error;
}

Status OpenNodes::placed(Status status) const {
  if (status) return status;
  return std::unexpected(placed(std::move(status).error()));
}

std::unexpected<Error> OpenNodes::refuse_value(std::string_view what) const {
  std::string message;
  top().append_value_name(message);
  message += ": ";
  message += what;
  return std::unexpected(placed(Error(ErrorCode::unsupported_manifest, std::move(message))));
}

void OpenNodes::push(JsonNode* node) {
  if (depth_ == levels_.size()) levels_.emplace_back();
  levels_[depth_++].node = node;
}

Status OpenNodes::open(JsonType bracket) {
  if (depth_ == 0) {
    if (bracket != JsonType::object) return scalar({bracket, 0, {}});
    push(&root_);
    return {};
  }
  if (skipping()) {
    skip_value_ = false;
    push(nullptr);
    return {};
  }
  Result<JsonNode*> node = top().on_open(bracket);
  if (!node) return std::unexpected(placed(std::move(node).error()));
  push(*node);
  return {};
}

Status OpenNodes::close() {
  Level& level = levels_[depth_ - 1];
  if (level.unknown_bytes != 0) {
    unknown_bytes_ -= std::exchange(level.unknown_bytes, 0);
    level.unknown_keys.clear();
  }
  if (level.node != nullptr) {
    if (Status status = level.node->on_close(); !status) return placed(std::move(status));
  }
  --depth_;
  return {};
}

Status OpenNodes::key(std::string_view part, bool last) {
  if (parts_.size() + part.size() > max_key_bytes) {
    return fail(ErrorCode::unsupported_manifest,
                fmt::format("{}a key is longer than {} bytes", where(), max_key_bytes));
  }
  if (last && parts_.empty()) return take_key(part);
  parts_ += part;
  if (!last) return {};
  Status status = take_key(parts_);
  parts_.clear();
  return status;
}

Status OpenNodes::take_key(std::string_view whole) {
  if (skipping()) return take_unknown_key(whole);
  Result<bool> known = top().on_key(whole);
  if (!known) return std::unexpected(placed(std::move(known).error()));
  if (*known) return {};
  skip_value_ = true;
  return take_unknown_key(whole);
}

Status OpenNodes::take_unknown_key(std::string_view whole) {
  Level& level = levels_[depth_ - 1];
  if (!level.unknown_keys.emplace(whole).second) {
    return fail(ErrorCode::unsupported_manifest, fmt::format("{}key {} is there twice", where(), in_quotes(whole)));
  }
  const std::size_t cost = whole.size() + sizeof(std::string) + 4 * sizeof(void*);
  level.unknown_bytes += cost;
  unknown_bytes_ += cost;
  if (unknown_bytes_ > max_unknown_bytes) {
    return fail(ErrorCode::unsupported_manifest, fmt::format("{}has too many unknown keys", where()));
  }
  return {};
}

Status OpenNodes::string(std::string_view part, bool last) {
  if (depth_ == 0) return scalar({JsonType::string, 0, {}});
  if (skipping()) {
    if (last) skip_value_ = false;
    return {};
  }
  if (top().streams_string()) {
    if (Status status = placed(top().on_string_part(part)); !status) return status;
    return last ? scalar({JsonType::string, 0, {}}) : Status{};
  }
  return take_string(part, last);
}

Status OpenNodes::take_string(std::string_view part, bool last) {
  const std::size_t cap = top().string_cap();
  if (parts_.size() + part.size() > cap) return refuse_value(fmt::format("is longer than {} bytes", cap));
  if (last && parts_.empty()) return scalar({JsonType::string, 0, part});
  parts_ += part;
  if (!last) return {};
  Status status = scalar({JsonType::string, 0, parts_});
  parts_.clear();
  return status;
}

Status OpenNodes::scalar(const Scalar& value) {
  if (depth_ == 0) {
    return fail(ErrorCode::unsupported_manifest, fmt::format("expected an object, found {}", describe(value.type)));
  }
  if (skipping()) {
    skip_value_ = false;
    return {};
  }
  return placed(top().on_scalar(value));
}

}  // namespace seekfs::manifest
