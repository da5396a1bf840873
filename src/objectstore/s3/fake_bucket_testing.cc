// Objects and their versions in memory.
#include "objectstore/s3/fake_bucket_testing.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/hex.h"

namespace seekfs::objectstore::s3 {
namespace {

S3Problem no_such_key() { return {.status = 404, .code = "NoSuchKey", .message = "The specified key does not exist."}; }

S3Problem precondition_failed() {
  return {.status = 412,
          .code = "PreconditionFailed",
          .message = "At least one of the pre-conditions you specified did not hold"};
}

S3Answer<void> check_put(const PutConditions& conditions, const FakeObject* present) {
  if (!conditions.if_none_match.empty() && conditions.if_none_match != "*") {
    return std::unexpected(S3Problem{.status = 501,
                                     .code = "NotImplemented",
                                     .message = "A header you provided implies functionality that is not implemented"});
  }
  if (!conditions.if_none_match.empty() && present) return std::unexpected(precondition_failed());
  if (conditions.if_match.empty()) return {};
  if (!present) return std::unexpected(no_such_key());
  if (present->etag != conditions.if_match) return std::unexpected(precondition_failed());
  return {};
}

}  // namespace

std::string md5_etag(std::string_view body) {
  std::array<std::byte, 16> digest{};
  EVP_Digest(body.data(), body.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, EVP_md5(), nullptr);
  return '"' + to_hex(digest) + '"';
}

const FakeObject* FakeBucket::latest(const std::string& key) const {
  const auto found = objects_.find(key);
  if (found == objects_.end() || found->second.back().delete_marker) return nullptr;
  return &found->second.back().object;
}

std::string FakeBucket::next_version_id() {
  return options_.versioned ? fmt::format("v{:08}", ++counter_) : std::string("null");
}

void FakeBucket::add(const std::string& key, Version version) {
  Versions& versions = objects_[key];
  if (!options_.versioned) versions.clear();
  versions.push_back(std::move(version));
}

S3Answer<FakeObject> FakeBucket::store(const std::string& key, std::string body, std::string etag,
                                       const PutConditions& conditions) {
  if (const auto right = check_put(conditions, latest(key)); !right) return std::unexpected(right.error());
  FakeObject object{.key = key,
                    .body = std::make_shared<const std::string>(std::move(body)),
                    .etag = std::move(etag),
                    .version_id = next_version_id(),
                    .modified = std::chrono::floor<std::chrono::seconds>(options_.now())};
  add(key, {.object = object});
  return object;
}

S3Answer<FakeObject> FakeBucket::find(const std::string& key, const std::string& version_id) const {
  MutexLock lock(mutex_);
  const auto found = objects_.find(key);
  if (version_id.empty()) {
    if (const FakeObject* object = latest(key)) return *object;
    S3Problem problem = no_such_key();
    if (found != objects_.end()) {
      problem.delete_marker = true;
      problem.version_id = found->second.back().object.version_id;
    }
    return std::unexpected(problem);
  }
  if (found != objects_.end()) {
    for (const Version& version : found->second) {
      if (version.object.version_id != version_id) continue;
      if (!version.delete_marker) return version.object;
      return std::unexpected(S3Problem{.status = 405,
                                       .code = "MethodNotAllowed",
                                       .message = "The specified method is not allowed against this resource.",
                                       .version_id = version_id,
                                       .delete_marker = true});
    }
  }
  return std::unexpected(S3Problem{.status = 404,
                                   .code = "NoSuchVersion",
                                   .message = "The version ID specified does not match an existing version."});
}

S3Answer<FakeObject> FakeBucket::put(const std::string& key, std::string body, const PutConditions& conditions) {
  std::string etag = md5_etag(body);
  MutexLock lock(mutex_);
  return store(key, std::move(body), std::move(etag), conditions);
}

S3Answer<FakeRemoval> FakeBucket::remove_version(const std::string& key, const std::string& version_id) {
  FakeRemoval removal{.version_id = version_id};
  const auto found = objects_.find(key);
  if (found == objects_.end()) return removal;
  std::erase_if(found->second, [&](const Version& version) {
    const bool it = version.object.version_id == version_id;
    removal.delete_marker |= it && version.delete_marker;
    return it;
  });
  if (found->second.empty()) objects_.erase(found);
  return removal;
}

S3Answer<FakeRemoval> FakeBucket::remove(const std::string& key, const std::string& version_id,
                                         const std::string& if_match) {
  MutexLock lock(mutex_);
  const FakeObject* present = latest(key);
  if (!if_match.empty() && present && present->etag != if_match) return std::unexpected(precondition_failed());
  if (!version_id.empty()) return remove_version(key, version_id);
  if (!options_.versioned) {
    objects_.erase(key);
    return FakeRemoval{};
  }
  const std::string marker = next_version_id();
  add(key, {.object = {.key = key, .body = nullptr, .etag = {}, .version_id = marker, .modified = options_.now()},
            .delete_marker = true});
  return FakeRemoval{.version_id = marker, .delete_marker = true};
}

FakePage FakeBucket::list(const FakeListRequest& request) const {
  MutexLock lock(mutex_);
  FakePage page;
  for (auto at = objects_.lower_bound(request.prefix); at != objects_.end(); ++at) {
    const std::string& key = at->first;
    if (!key.starts_with(request.prefix)) break;
    const FakeObject* object = latest(key);
    if (!object || key <= request.start_after || key <= request.continue_key) continue;
    if (request.continue_is_prefix && key.starts_with(request.continue_key)) continue;
    const std::size_t end =
        request.delimiter.empty() ? std::string::npos : key.find(request.delimiter, request.prefix.size());
    const bool grouped = end != std::string::npos;
    std::string item = grouped ? key.substr(0, end + request.delimiter.size()) : key;
    if (grouped && page.last_is_prefix && page.last == item) continue;
    if (page.objects.size() + page.common_prefixes.size() == request.max_keys) {
      page.truncated = request.max_keys > 0;
      break;
    }
    page.last = item;
    page.last_is_prefix = grouped;
    if (grouped) {
      page.common_prefixes.push_back(std::move(item));
    } else {
      page.objects.push_back(*object);
    }
  }
  return page;
}

std::optional<std::string> FakeBucket::body_of(const std::string& key) const {
  const S3Answer<FakeObject> object = find(key);
  if (!object) return std::nullopt;
  return *object->body;
}

void FakeBucket::replace(const std::string& key) {
  std::optional<std::string> body = body_of(key);
  if (!body) return;
  for (char& letter : *body) letter = static_cast<char>(~letter);
  // An empty body can't become another one of the same size.
  if (body->empty()) body = "replaced";
  (void)put(key, std::move(*body));
}

std::size_t FakeBucket::size() const {
  MutexLock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(objects_, [](const auto& entry) { return !entry.second.back().delete_marker; }));
}

}  // namespace seekfs::objectstore::s3
