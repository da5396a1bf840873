// The header of one request, as views into the connection's input buffer and its parser.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::http {

enum class Method : std::uint8_t { get, head, post, del, other };

/// What the server uses of a header. An absent field is an empty view. Several lines of one field are joined by commas;
/// of X-Request-Id the first counts; a second Range or If-Range is refused.
struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;
  bool http_1_0 = false;
  bool keep_alive = false;
  std::optional<std::uint64_t> content_length;

  std::string_view host;
  std::string_view accept;
  std::string_view expect;
  std::string_view range;
  std::string_view if_range;
  std::string_view if_match;
  std::string_view if_none_match;
  std::string_view if_modified_since;
  std::string_view if_unmodified_since;
  std::string_view origin;
  std::string_view request_id;
  std::string_view transfer_encoding;

  std::uint32_t host_count = 0;
  std::uint32_t content_length_count = 0;
  std::uint32_t transfer_encoding_count = 0;
};

/// Why a request is refused before any route sees it; the connection closes after the reply.
struct Refusal {
  int status;
  ErrorCode code;
  std::string detail;
};

}  // namespace seekfs::http
