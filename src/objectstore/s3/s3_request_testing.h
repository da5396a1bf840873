// A request as S3 understands it: which operation on which key, with its query decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "objectstore/s3/loopback_http_testing.h"

namespace seekfs::objectstore::s3 {

enum class S3Operation : std::uint8_t {
  head,
  get,
  put,
  remove,
  list,
  create_upload,
  upload_part,
  complete_upload,
  abort_upload,
  list_uploads,
  list_parts,
  bucket,   ///< HEAD of the bucket, and its location
  unknown,  ///< answered with NotImplemented
};
std::string_view to_string(S3Operation operation);
/// By its name as to_string() gives it.
std::optional<S3Operation> operation_of(std::string_view name);

/// A view of the HTTP request, which outlives it.
struct ServedS3Request {
  const ServedRequest* http = nullptr;
  S3Operation operation = S3Operation::unknown;
  bool right_bucket = false;
  std::string key;   ///< decoded; of a list the prefix
  std::string path;  ///< as it was sent
  std::vector<std::pair<std::string, std::string>> query;
  std::string request_id;
  std::string host_id;

  /// The first value of a name; empty when it is not there.
  std::string value(std::string_view name) const;
  bool has(std::string_view name) const;
};

/// Path-style, and virtual-host style when the Host header begins with the bucket's name. Nothing when an escape is
/// broken.
std::optional<ServedS3Request> parse_s3_request(const ServedRequest& http, std::string_view bucket);

}  // namespace seekfs::objectstore::s3
