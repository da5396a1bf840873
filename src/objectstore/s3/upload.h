// PUT of an object: one request, or a multipart upload when it is large.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "async/thread_pool.h"
#include "objectstore/s3/attempts.h"
#include "objectstore/s3/xml.h"

namespace seekfs::objectstore::s3 {

class ResumeWarning;

struct UploadOptions {
  std::uint64_t multipart_from = 64U << 20U;  ///< bytes: objects of this size and more go up in parts
  std::uint64_t part_size = 16U << 20U;       ///< at least; grows so that 10,000 parts suffice
  std::uint32_t parallel_parts = 4;
  std::uint64_t memory = 256U << 20U;  ///< of the parts that are under way; one is, whatever its size
  /// An upload of which the store heard nothing for so long is nobody's: longer than a part may take with all its
  /// tries.
  std::chrono::minutes left_alone{30};
};

/// What an upload works with; all outlive it.
struct UploadParts {
  const EngineParts& engine;
  const AttemptLimits& limits;
  const UploadOptions& options;
  async::ThreadPool& pool;  ///< where bodies are hashed
  PermitUse& permit;        ///< of this upload
  ResumeWarning& resume_warning;
};

/// As ObjectStore::put(). A multipart upload that was broken off earlier, by a crash or an error that may pass, and
/// then left alone, goes on where it stood: parts that the store has and whose MD5 is that of the body's are not sent
/// again. One that this call began and that can't succeed is aborted. One that somebody else ends under it is begun
/// anew, once.
async::Task<PutReply> put_object(const UploadParts& parts, std::string key, BodySource& body, PutOptions conditions,
                                 RequestOptions options);

}  // namespace seekfs::objectstore::s3
