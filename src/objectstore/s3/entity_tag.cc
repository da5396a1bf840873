// A weak tag comes from something between that changes what the store sends, e.g. a proxy that compresses.
#include "objectstore/s3/entity_tag.h"

namespace seekfs::objectstore::s3 {

Result<std::string> entity_tag(std::string_view text) {
  if (text.empty()) return fail(ErrorCode::corrupt, "the answer has no ETag");
  if (text.starts_with("W/")) {
    return fail(ErrorCode::corrupt, "the answer has a weak ETag: something between changes what the store sends");
  }
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
