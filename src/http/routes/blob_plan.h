// What a request for one file asks for, and what its reply will be: pure decisions, without any waiting.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "http/reply_head.h"

namespace seekfs::http {

/// A request for one file, from either form of its URL.
struct BlobRequest {
  std::string_view ns;
  std::string_view path;
  std::optional<std::uint64_t> version;
  std::optional<std::uint64_t> off;
  std::optional<std::uint64_t> len;
  std::optional<std::string_view> hash;
};

/// Reads query and path; also notes ns and path for problems.
Result<BlobRequest> parse_blob_request(Exchange& exchange);

struct BlobPlan {
  ReplyHead head;
  std::uint64_t off = 0;  ///< what to send, cut to the file
  std::uint64_t len = 0;
};

/// The reply's head and range: hash, preconditions, off/len or Range. Views in it point into the exchange's scratch.
Result<BlobPlan> plan_blob(Exchange& exchange, const BlobRequest& request, const reader::FileRef& file);

/// Checks the parameter `hash` (with or without its algorithm) against the file's. hash_mismatch, or bad_request when
/// it is no hash at all.
Status check_hash(std::string_view wanted, const reader::FileRef& file, std::string& scratch);

}  // namespace seekfs::http
