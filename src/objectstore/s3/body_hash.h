// Hashes of what is uploaded.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "async/thread_pool.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore::s3 {

/// The SHA-256 of a part of a body, in lower-case hex. Errors are those of the body, which outlives the call.
async::Task<std::string> sha256_of_body(async::ThreadPool& pool, BodySource& body, ByteRange range);

/// MD5 in lower-case hex: what the ETag of an uploaded part is made of; no proof of anything. On the pool, as parts are
/// large; `bytes` outlive the call.
async::Task<std::string> md5_of_part(async::ThreadPool& pool, std::span<const std::byte> bytes);

/// The ETag of an object that was put together from parts with these ETags, in their order: the MD5 of their MD5s and
/// their number. Nothing when one of them is no MD5, as those of parts that the store encrypted may be.
std::optional<std::string> etag_of_parts(std::span<const std::string> part_etags);

}  // namespace seekfs::objectstore::s3
