// pugixml reads the documents; it knows no external entities and expands none of its own.
#include "objectstore/s3/xml.h"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <charconv>

#include "base/percent_decode.h"
#include "base/wall_time.h"
#include "objectstore/s3/entity_tag.h"

namespace seekfs::objectstore::s3 {
namespace {

/// A document whose root is called `root`; S3's namespace may be there or not.
class Document {
 public:
  Document(std::string_view body, std::string_view root) {
    const pugi::xml_parse_result result = document_.load_buffer(body.data(), body.size(), pugi::parse_default);
    if (result && document_.document_element().name() == root) root_ = document_.document_element();
  }
  explicit operator bool() const { return !root_.empty(); }
  pugi::xml_node root() const { return root_; }

 private:
  pugi::xml_document document_;
  pugi::xml_node root_;
};

std::unexpected<Error> not_a(std::string_view root) {
  return fail(ErrorCode::corrupt, fmt::format("the store's answer is not a whole <{}> document", root));
}

std::string text_of(pugi::xml_node node, const char* name) { return node.child(name).text().get(); }

template <class Number>
Result<Number> number_of(pugi::xml_node node, const char* name) {
  const std::string text = text_of(node, name);
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorCode::corrupt, fmt::format("the store's answer has a <{}> that is not a number", name));
  }
  return value;
}

/// Some servers list objects that they give no ETag.
Result<std::string> etag_in(pugi::xml_node node) {
  const std::string text = text_of(node, "ETag");
  return text.empty() ? Result<std::string>(text) : entity_tag(text);
}

Result<std::string> decoded(pugi::xml_node node, const char* name, bool url_encoded) {
  std::string text = text_of(node, name);
  if (!url_encoded) return text;
  std::string scratch;
  scratch.reserve(text.size());
  if (const auto key = percent_decode(text, PlusSign::space, scratch)) return std::string(*key);
  return fail(ErrorCode::corrupt, fmt::format("the store's answer has a <{}> with a bad percent-escape", name));
}

bool is_url_encoded(pugi::xml_node root) { return text_of(root, "EncodingType") == "url"; }

Result<ObjectInfo> object_of(pugi::xml_node node, bool url_encoded) {
  ObjectInfo info;
  SEEKFS_ASSIGN(info.key, decoded(node, "Key", url_encoded));
  SEEKFS_ASSIGN(info.size, number_of<std::uint64_t>(node, "Size"));
  SEEKFS_ASSIGN(info.etag, etag_in(node));
  const auto modified = parse_iso_time(text_of(node, "LastModified"));
  if (!modified) return fail(ErrorCode::corrupt, "the store's answer has a <LastModified> that is not a time");
  info.modified = *modified;
  return info;
}

Result<std::string> required_text(std::string_view body, std::string_view root, const char* name) {
  const Document document(body, root);
  if (!document) return not_a(root);
  std::string text = text_of(document.root(), name);
  if (text.empty()) return fail(ErrorCode::corrupt, fmt::format("the store's answer <{}> has no <{}>", root, name));
  return text;
}

}  // namespace

std::optional<ErrorDocument> parse_error(std::string_view body) {
  const Document document(body, "Error");
  if (!document) return std::nullopt;
  return ErrorDocument{.code = text_of(document.root(), "Code"),
                       .message = text_of(document.root(), "Message"),
                       .region = text_of(document.root(), "Region")};
}

Result<ListDocument> parse_list(std::string_view body) {
  const Document document(body, "ListBucketResult");
  if (!document) return not_a("ListBucketResult");
  const bool url_encoded = is_url_encoded(document.root());
  ListDocument list;
  list.truncated = text_of(document.root(), "IsTruncated") == "true";
  for (const pugi::xml_node node : document.root().children("Contents")) {
    SEEKFS_ASSIGN(ObjectInfo info, object_of(node, url_encoded));
    list.objects.push_back(std::move(info));
  }
  for (const pugi::xml_node node : document.root().children("CommonPrefixes")) {
    SEEKFS_ASSIGN(std::string prefix, decoded(node, "Prefix", url_encoded));
    list.common_prefixes.push_back(std::move(prefix));
  }
  return list;
}

Result<std::string> parse_upload_id(std::string_view body) {
  return required_text(body, "InitiateMultipartUploadResult", "UploadId");
}

Result<std::string> parse_completed_etag(std::string_view body) {
  SEEKFS_ASSIGN(const std::string etag, required_text(body, "CompleteMultipartUploadResult", "ETag"));
  return entity_tag(etag);
}

Result<std::vector<UploadSummary>> parse_uploads(std::string_view body) {
  const Document document(body, "ListMultipartUploadsResult");
  if (!document) return not_a("ListMultipartUploadsResult");
  const bool url_encoded = is_url_encoded(document.root());
  std::vector<UploadSummary> uploads;
  for (const pugi::xml_node node : document.root().children("Upload")) {
    SEEKFS_ASSIGN(std::string key, decoded(node, "Key", url_encoded));
    uploads.push_back({.key = std::move(key),
                       .upload_id = text_of(node, "UploadId"),
                       .initiated = parse_iso_time(text_of(node, "Initiated"))});
  }
  return uploads;
}

Result<PartsDocument> parse_parts(std::string_view body) {
  const Document document(body, "ListPartsResult");
  if (!document) return not_a("ListPartsResult");
  PartsDocument parts;
  parts.truncated = text_of(document.root(), "IsTruncated") == "true";
  for (const pugi::xml_node node : document.root().children("Part")) {
    SEEKFS_ASSIGN(const std::uint32_t number, number_of<std::uint32_t>(node, "PartNumber"));
    SEEKFS_ASSIGN(const std::uint64_t size, number_of<std::uint64_t>(node, "Size"));
    SEEKFS_ASSIGN(std::string etag, entity_tag(text_of(node, "ETag")));
    parts.parts.push_back({.number = number,
                           .size = size,
                           .etag = std::move(etag),
                           .modified = parse_iso_time(text_of(node, "LastModified"))});
  }
  return parts;
}

std::string complete_upload_body(const std::vector<PartSummary>& parts) {
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (const PartSummary& part : parts) {
    fmt::format_to(std::back_inserter(body), "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", part.number,
                   part.etag);
  }
  return body + "</CompleteMultipartUpload>";
}

std::optional<std::chrono::system_clock::time_point> parse_iso_time(std::string_view text) {
  constexpr std::string_view shape = "0000-00-00T00:00:00";
  if (text.size() < shape.size() + 1 || text.back() != 'Z') return std::nullopt;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == '0' ? !digit : text[i] != shape[i]) return std::nullopt;
  }
  if (text.size() > shape.size() + 1 && text[shape.size()] != '.') return std::nullopt;
  const auto field = [&](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + length, value);
    return value;
  };
  const std::chrono::year_month_day day(std::chrono::year(field(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(field(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(field(8, 2))));
  if (!day.ok() || field(11, 2) > 23 || field(14, 2) > 59 || field(17, 2) > 60) return std::nullopt;
  return wall_time(std::chrono::sys_days(day) + std::chrono::hours(field(11, 2)) + std::chrono::minutes(field(14, 2)) +
                   std::chrono::seconds(field(17, 2)));
}

}  // namespace seekfs::objectstore::s3
