// Multipart uploads of the bucket in memory.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/hex.h"
#include "objectstore/s3/fake_bucket_testing.h"

namespace seekfs::objectstore::s3 {
namespace {

constexpr std::uint32_t max_part_number = 10'000;

S3Problem invalid_part() {
  return {.status = 400,
          .code = "InvalidPart",
          .message =
              "One or more of the specified parts could not be found. The part may not have been uploaded, or "
              "the specified entity tag may not match the part's entity tag."};
}

/// The 16 bytes that an ETag of a part spells.
std::string digest_of(const std::string& etag) {
  std::string digest(16, '\0');
  from_hex(std::string_view(etag).substr(1, 32), std::as_writable_bytes(std::span(digest)));
  return digest;
}

}  // namespace

S3Problem FakeBucket::no_such_upload() {
  return {.status = 404,
          .code = "NoSuchUpload",
          .message =
              "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
              "aborted or completed."};
}

std::string FakeBucket::create_upload(const std::string& key) {
  MutexLock lock(mutex_);
  std::string id = fmt::format("upload-{:08}", ++counter_);
  uploads_[id] = {.key = key, .upload_id = id, .parts = {}, .initiated = options_.now()};
  return id;
}

S3Answer<std::string> FakeBucket::upload_part(const std::string& key, const std::string& upload_id,
                                              std::uint32_t number, std::string body) {
  if (number < 1 || number > max_part_number) {
    return std::unexpected(S3Problem{.status = 400,
                                     .code = "InvalidArgument",
                                     .message = "Part number must be an integer between 1 and 10000, inclusive"});
  }
  std::string etag = md5_etag(body);
  MutexLock lock(mutex_);
  const auto found = uploads_.find(upload_id);
  if (found == uploads_.end() || found->second.key != key) return std::unexpected(no_such_upload());
  found->second.parts[number] = {
      .body = std::make_shared<const std::string>(std::move(body)), .etag = etag, .modified = options_.now()};
  return etag;
}

S3Answer<void> FakeBucket::check_part(const FakeUpload& upload, const NamedPart& part, bool last) const {
  const auto found = upload.parts.find(part.number);
  if (found == upload.parts.end() || found->second.etag != part.etag) return std::unexpected(invalid_part());
  if (!last && found->second.body->size() < options_.min_part_size) {
    return std::unexpected(
        S3Problem{.status = 400,
                  .code = "EntityTooSmall",
                  .message = "Your proposed upload is smaller than the minimum allowed object size."});
  }
  return {};
}

S3Answer<FakeObject> FakeBucket::complete_upload(const std::string& key, const std::string& upload_id,
                                                 const std::vector<NamedPart>& parts, const PutConditions& conditions) {
  MutexLock lock(mutex_);
  const auto found = uploads_.find(upload_id);
  if (found == uploads_.end() || found->second.key != key) return std::unexpected(no_such_upload());
  const bool rising = std::ranges::adjacent_find(parts, std::greater_equal<>(), &NamedPart::number) == parts.end();
  if (!rising) {
    return std::unexpected(S3Problem{
        .status = 400, .code = "InvalidPartOrder", .message = "The list of parts was not in ascending order."});
  }
  std::string body;
  std::string digests;
  for (const NamedPart& named : parts) {
    if (const auto right = check_part(found->second, named, &named == &parts.back()); !right) {
      return std::unexpected(right.error());
    }
    const FakePart& part = found->second.parts.at(named.number);
    body += *part.body;
    digests += digest_of(part.etag);
  }
  std::string etag = md5_etag(digests);
  etag.insert(etag.size() - 1, fmt::format("-{}", parts.size()));
  S3Answer<FakeObject> object = store(key, std::move(body), std::move(etag), conditions);
  if (object) uploads_.erase(found);
  return object;
}

S3Answer<void> FakeBucket::abort_upload(const std::string& key, const std::string& upload_id) {
  MutexLock lock(mutex_);
  const auto found = uploads_.find(upload_id);
  if (found == uploads_.end() || found->second.key != key) return std::unexpected(no_such_upload());
  uploads_.erase(found);
  return {};
}

S3Answer<FakeUpload> FakeBucket::upload(const std::string& key, const std::string& upload_id) const {
  MutexLock lock(mutex_);
  const auto found = uploads_.find(upload_id);
  if (found == uploads_.end() || found->second.key != key) return std::unexpected(no_such_upload());
  return found->second;
}

std::vector<FakeUpload> FakeBucket::open_uploads() const {
  MutexLock lock(mutex_);
  std::vector<FakeUpload> uploads;
  for (const auto& [id, upload] : uploads_) uploads.push_back(upload);
  std::ranges::sort(uploads, {}, [](const FakeUpload& upload) { return std::tie(upload.key, upload.upload_id); });
  return uploads;
}

}  // namespace seekfs::objectstore::s3
