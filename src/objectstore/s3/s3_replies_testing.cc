// The XML of S3, written by hand so that it does not share a mistake with the parser under test.
#include "objectstore/s3/s3_replies_testing.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/hex.h"
#include "objectstore/s3/uri.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint64_t max_page = 1000;

std::string escape(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    switch (letter) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\r': result += "&#13;"; break;
      default: result += letter;
    }
  }
  return result;
}

/// A key as encoding-type=url gives it: a space is a plus sign.
std::string url_encode(std::string_view text) {
  std::string result;
  const std::string encoded = encode_key(text);
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    const bool space = encoded.compare(at, 3, "%20") == 0;
    result += space ? '+' : encoded[at];
    if (space) at += 2;
  }
  return result;
}

/// Writes elements whose text is a key or a part of one, encoded as the request wants it.
class KeyElements {
 public:
  explicit KeyElements(const ServedS3Request& request) : url_(request.value("encoding-type") == "url") {}
  std::string operator()(std::string_view name, std::string_view text) const {
    return xml_element(name, url_ ? url_encode(text) : std::string(text));
  }
  std::string declaration() const { return url_ ? xml_element("EncodingType", "url") : std::string(); }

 private:
  bool url_;
};

std::string iso_time(std::chrono::system_clock::time_point time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time) - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.000Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::string number_element(std::string_view name, std::uint64_t number) {
  return xml_element(name, std::to_string(number));
}

std::string truncated_element(bool truncated) { return xml_element("IsTruncated", truncated ? "true" : "false"); }

std::string continuation_token(std::string_view last, bool is_prefix) {
  return (is_prefix ? "p" : "k") + to_hex(std::as_bytes(std::span(last)));
}

std::string_view text_between(std::string_view text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin);
  if (from == std::string_view::npos) return {};
  const std::size_t to = text.find(end, from + begin.size());
  return to == std::string_view::npos ? std::string_view() : text.substr(from + begin.size(), to - from - begin.size());
}

/// An ETag as it stands in XML, with the quotes that a sender may leave out.
std::string etag_in_xml(std::string_view text) {
  std::string etag(text);
  for (std::size_t at = 0; (at = etag.find("&quot;")) != std::string::npos;) etag.replace(at, 6, "\"");
  return etag.starts_with('"') ? etag : '"' + etag + '"';
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string xml_element(std::string_view name, std::string_view text) {
  return fmt::format("<{}>{}</{}>", name, escape(text), name);
}

ServedReply xml_reply(std::string_view root, std::string_view content) {
  return {.headers = {{"Content-Type", "application/xml"}},
          .body = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<{0} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{1}</{0}>",
                              root, content)};
}

ServedReply problem_reply(const S3Problem& problem, const ServedS3Request& request, std::string_view details) {
  ServedReply reply{.status = problem.status, .headers = {{"Content-Type", "application/xml"}}, .body = {}};
  if (problem.delete_marker) reply.headers.emplace_back("x-amz-delete-marker", "true");
  if (!problem.version_id.empty()) reply.headers.emplace_back("x-amz-version-id", problem.version_id);
  // <Error> is the one document without a namespace.
  reply.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>" + xml_element("Code", problem.code) +
               xml_element("Message", problem.message) + xml_element("Resource", request.path) + std::string(details) +
               xml_element("RequestId", request.request_id) + xml_element("HostId", request.host_id) + "</Error>";
  return reply;
}

ServedReply list_reply(const FakePage& page, const FakeListRequest& list, const ServedS3Request& request,
                       std::string_view bucket) {
  const KeyElements key(request);
  std::string content = xml_element("Name", bucket) + key("Prefix", list.prefix);
  if (!list.delimiter.empty()) content += key("Delimiter", list.delimiter);
  if (!list.start_after.empty()) content += key("StartAfter", list.start_after);
  content += number_element("MaxKeys", list.max_keys) + key.declaration() +
             number_element("KeyCount", page.objects.size() + page.common_prefixes.size()) +
             truncated_element(page.truncated);
  if (request.has("continuation-token")) {
    content += xml_element("ContinuationToken", request.value("continuation-token"));
  }
  if (page.truncated) {
    content += xml_element("NextContinuationToken", continuation_token(page.last, page.last_is_prefix));
  }
  for (const FakeObject& object : page.objects) {
    content += "<Contents>" + key("Key", object.key) + xml_element("LastModified", iso_time(object.modified)) +
               xml_element("ETag", object.etag) + number_element("Size", object.body->size()) +
               xml_element("StorageClass", "STANDARD") + "</Contents>";
  }
  for (const std::string& prefix : page.common_prefixes) {
    content += "<CommonPrefixes>" + key("Prefix", prefix) + "</CommonPrefixes>";
  }
  return xml_reply("ListBucketResult", content);
}

ServedReply uploads_reply(const std::vector<FakeUpload>& uploads, const ServedS3Request& request,
                          std::string_view bucket) {
  const KeyElements key(request);
  const std::uint64_t limit = std::min(number_in_query(request, "max-uploads", max_page).value_or(max_page), max_page);
  const std::pair marker(request.value("key-marker"), request.value("upload-id-marker"));
  std::string content;
  const FakeUpload* last = nullptr;
  std::uint64_t count = 0;
  bool truncated = false;
  for (const FakeUpload& upload : uploads) {
    if (!upload.key.starts_with(request.key) || std::pair(upload.key, upload.upload_id) <= marker) continue;
    // A key alone as the marker stands for all of its uploads.
    if (marker.second.empty() && upload.key == marker.first) continue;
    truncated = count == limit;
    if (truncated) break;
    ++count;
    last = &upload;
    content += "<Upload>" + key("Key", upload.key) + xml_element("UploadId", upload.upload_id) +
               xml_element("Initiated", iso_time(upload.initiated)) + "</Upload>";
  }
  std::string head = xml_element("Bucket", bucket) + key("Prefix", request.key) + key.declaration() +
                     number_element("MaxUploads", limit) + truncated_element(truncated);
  if (truncated && last) head += key("NextKeyMarker", last->key) + xml_element("NextUploadIdMarker", last->upload_id);
  return xml_reply("ListMultipartUploadsResult", head + content);
}

ServedReply parts_reply(const FakeUpload& upload, const ServedS3Request& request, std::string_view bucket) {
  const std::uint64_t limit = std::min(number_in_query(request, "max-parts", max_page).value_or(max_page), max_page);
  const std::uint64_t after = number_in_query(request, "part-number-marker", 0).value_or(0);
  std::string content;
  std::uint64_t count = 0;
  std::uint64_t last = after;
  bool truncated = false;
  for (const auto& [number, part] : upload.parts) {
    if (number <= after) continue;
    truncated = count == limit;
    if (truncated) break;
    ++count;
    last = number;
    content += "<Part>" + number_element("PartNumber", number) + xml_element("ETag", part.etag) +
               number_element("Size", part.body->size()) + xml_element("LastModified", iso_time(part.modified)) +
               "</Part>";
  }
  std::string head = xml_element("Bucket", bucket) + xml_element("Key", upload.key) +
                     xml_element("UploadId", upload.upload_id) + number_element("PartNumberMarker", after) +
                     number_element("MaxParts", limit) + truncated_element(truncated);
  if (truncated) head += number_element("NextPartNumberMarker", last);
  return xml_reply("ListPartsResult", head + content);
}

std::optional<std::uint64_t> number_in_query(const ServedS3Request& request, std::string_view name,
                                             std::uint64_t fallback) {
  return request.has(name) ? parse_number(request.value(name)) : fallback;
}

std::optional<FakeListRequest> list_request_of(const ServedS3Request& request) {
  const auto max_keys = number_in_query(request, "max-keys", max_page);
  if (!max_keys) return std::nullopt;
  FakeListRequest list{.prefix = request.value("prefix"),
                       .delimiter = request.value("delimiter"),
                       .start_after = request.value("start-after"),
                       .continue_key = {},
                       .continue_is_prefix = false,
                       .max_keys = std::min(*max_keys, max_page)};
  if (request.has("continuation-token")) {
    const std::string token = request.value("continuation-token");
    if (token.size() % 2 == 0 || (token[0] != 'p' && token[0] != 'k')) return std::nullopt;
    list.continue_is_prefix = token[0] == 'p';
    list.continue_key.resize(token.size() / 2);
    const std::span<char> last(list.continue_key);
    if (!from_hex(std::string_view(token).substr(1), std::as_writable_bytes(last))) return std::nullopt;
  }
  return list;
}

std::optional<std::vector<NamedPart>> parse_named_parts(std::string_view body) {
  constexpr std::string_view end = "</Part>";
  if (!body.contains("<CompleteMultipartUpload") || !body.contains("</CompleteMultipartUpload>")) return std::nullopt;
  std::vector<NamedPart> parts;
  for (std::size_t at = body.find("<Part>"); at != std::string_view::npos; at = body.find("<Part>")) {
    body.remove_prefix(at);
    const std::size_t size = body.find(end);
    if (size == std::string_view::npos) return std::nullopt;
    const std::string_view part = body.substr(0, size);
    body.remove_prefix(size + end.size());
    const auto number = parse_number(text_between(part, "<PartNumber>", "</PartNumber>"));
    const std::string_view etag = text_between(part, "<ETag>", "</ETag>");
    if (!number || etag.empty()) return std::nullopt;
    parts.push_back({.number = static_cast<std::uint32_t>(*number), .etag = etag_in_xml(etag)});
  }
  if (parts.empty()) return std::nullopt;
  return parts;
}

}  // namespace seekfs::objectstore::s3
