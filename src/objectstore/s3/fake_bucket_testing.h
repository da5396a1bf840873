// One bucket in memory, with S3's rules for conditions, versions, multipart uploads and listing; no HTTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace seekfs::objectstore::s3 {

/// What S3 answers instead of a success: a status and the <Error> document. A value.
struct S3Problem {
  int status = 0;
  std::string code;
  std::string message;
  std::string version_id;      ///< of the delete marker that was met
  bool delete_marker = false;  ///< then the answer says so in a header
};
template <class T>
using S3Answer = std::expected<T, S3Problem>;

struct FakeObject {
  std::string key;
  std::shared_ptr<const std::string> body;
  std::string etag;        ///< with its quotes; of a whole object the MD5 of its body
  std::string version_id;  ///< "null" in a bucket without versions
  std::chrono::system_clock::time_point modified;
};

/// The headers as they came; empty when they did not.
struct PutConditions {
  std::string if_match;
  std::string if_none_match;
};

struct FakeRemoval {
  std::string version_id;
  bool delete_marker = false;  ///< one was made, or one was removed
};

struct FakePart {
  std::shared_ptr<const std::string> body;
  std::string etag;
  std::chrono::system_clock::time_point modified;
};
struct FakeUpload {
  std::string key;
  std::string upload_id;
  std::map<std::uint32_t, FakePart> parts;
  std::chrono::system_clock::time_point initiated;
};
struct NamedPart {
  std::uint32_t number = 0;
  std::string etag;
};

struct FakeListRequest {
  std::string prefix;
  std::string delimiter;
  std::string start_after;   ///< keys strictly greater; a common prefix of them is listed even if it is not
  std::string continue_key;  ///< of the page before: its last item
  bool continue_is_prefix = false;
  std::size_t max_keys = 1000;
};
struct FakePage {
  std::vector<FakeObject> objects;  ///< without bodies
  std::vector<std::string> common_prefixes;
  bool truncated = false;
  std::string last;  ///< the text of the last item
  bool last_is_prefix = false;
};

/// Thread-safe; each operation is atomic.
class FakeBucket {
 public:
  struct Options {
    bool versioned = false;
    std::uint64_t min_part_size = 0;
    std::function<std::chrono::system_clock::time_point()> now;
  };
  explicit FakeBucket(Options options) : options_(std::move(options)) {}

  bool versioned() const { return options_.versioned; }

  /// `version_id` empty: the latest.
  S3Answer<FakeObject> find(const std::string& key, const std::string& version_id = {}) const;
  S3Answer<FakeObject> put(const std::string& key, std::string body, const PutConditions& conditions = {});
  S3Answer<FakeRemoval> remove(const std::string& key, const std::string& version_id = {},
                               const std::string& if_match = {});
  FakePage list(const FakeListRequest& request) const;
  /// The body of the latest version; nothing when there is none.
  std::optional<std::string> body_of(const std::string& key) const;
  /// Another body of the same size, and so another ETag; nothing happens when there is no object.
  void replace(const std::string& key);
  /// Keys that have a latest version.
  std::size_t size() const;

  std::string create_upload(const std::string& key);
  /// The ETag of the part.
  S3Answer<std::string> upload_part(const std::string& key, const std::string& upload_id, std::uint32_t number,
                                    std::string body);
  S3Answer<FakeObject> complete_upload(const std::string& key, const std::string& upload_id,
                                       const std::vector<NamedPart>& parts, const PutConditions& conditions);
  S3Answer<void> abort_upload(const std::string& key, const std::string& upload_id);
  S3Answer<FakeUpload> upload(const std::string& key, const std::string& upload_id) const;
  /// Those that are neither completed nor aborted, by key and in the order in which they were created.
  std::vector<FakeUpload> open_uploads() const;

 private:
  struct Version {
    FakeObject object;
    bool delete_marker = false;
  };
  /// Oldest first; never empty.
  using Versions = std::vector<Version>;

  static S3Problem no_such_upload();
  const FakeObject* latest(const std::string& key) const SEEKFS_REQUIRES(mutex_);
  std::string next_version_id() SEEKFS_REQUIRES(mutex_);
  void add(const std::string& key, Version version) SEEKFS_REQUIRES(mutex_);
  S3Answer<FakeObject> store(const std::string& key, std::string body, std::string etag,
                             const PutConditions& conditions) SEEKFS_REQUIRES(mutex_);
  S3Answer<FakeRemoval> remove_version(const std::string& key, const std::string& version_id) SEEKFS_REQUIRES(mutex_);
  S3Answer<void> check_part(const FakeUpload& upload, const NamedPart& part, bool last) const;

  const Options options_;
  mutable Mutex mutex_;
  std::map<std::string, Versions> objects_ SEEKFS_GUARDED_BY(mutex_);
  std::map<std::string, FakeUpload> uploads_ SEEKFS_GUARDED_BY(mutex_);  ///< by upload id
  std::uint64_t counter_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

/// An ETag with its quotes.
std::string md5_etag(std::string_view body);

}  // namespace seekfs::objectstore::s3
