// A weak tag comes from something between that changes what the store sends, e.g. a proxy that compresses.
#include "objectstore/s3/entity_tag.h"

#include <algorithm>

namespace seekfs::objectstore::s3 {

Result<std::string> entity_tag(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::corrupt, "the answer has no ETag");
  if (text.starts_with("W/")) {
    return fail(ErrorCode::corrupt, "the answer has a weak ETag: something between changes what the store sends");
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(text, is_control))
    return fail(ErrorCode::corrupt, "the answer has an ETag with a control character");
  std::string tag(text);
  return tag.starts_with('"') ? tag : '"' + tag + '"';
}

Result<std::string> entity_tag_of(const HttpReplyHead& head) { return entity_tag(head.find("etag").value_or("")); }

std::optional<std::string> version_id_of(const HttpReplyHead& head) {
  const auto version = head.find("x-amz-version-id");
  if (!version || version->empty() || *version == "null") return std::nullopt;
  return std::string(*version);
}

}  // namespace seekfs::objectstore::s3
