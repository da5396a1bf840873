// Hashes of what is uploaded.
#pragma once

#include <span>
#include <string>

#include "async/thread_pool.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore::s3 {

/// The SHA-256 of a part of a body, in lower-case hex. Errors are those of the body, which outlives the call.
async::Task<std::string> sha256_of_body(async::ThreadPool& pool, BodySource& body, ByteRange range);

/// MD5 in lower-case hex: what the ETag of an uploaded part is made of; no proof of anything.
std::string md5_hex(std::span<const std::byte> bytes);

}  // namespace seekfs::objectstore::s3
