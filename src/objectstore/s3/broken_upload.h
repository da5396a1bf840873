// A multipart upload that was broken off and left behind, found so that it goes on where it stood.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "objectstore/s3/part_layout.h"
#include "objectstore/s3/upload.h"

namespace seekfs::objectstore::s3 {

struct BrokenUpload {
  std::string upload_id;
  std::map<std::uint32_t, PartSummary> parts;  ///< what the store has, by number
};

/// Says once for each kind of error, not with every object, that uploads can't go on. Thread-safe.
class ResumeWarning {
 public:
  /// `permission`: of S3, that the question takes.
  void tell(Logger& log, const Error& error, std::string_view permission);

 private:
  std::atomic<std::uint64_t> told_{0};  ///< a bit for each ErrorCode
};

/// The newest upload of `key` that nobody works on: by the store's own clock it was begun, and its last part came, more
/// than UploadOptions::left_alone ago. Its parts lie as in `layout`; what they hold is the caller's to compare. Nothing
/// when there is none, or when the store does not say, of which UploadParts::resume_warning tells: not every store
/// lists uploads. One that was just aborted may still be listed; nothing is told of that.
async::Task<std::optional<BrokenUpload>> find_broken_upload(const UploadParts& parts, std::string key,
                                                            PartLayout layout, RequestOptions options);

}  // namespace seekfs::objectstore::s3
