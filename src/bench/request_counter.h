// What an HTTP/1.1 client asks for, counted from the bytes that it sends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace seekfs::bench {

/// Requests by what S3 takes them for, when buckets are in the path (/BUCKET/KEY).
enum class S3Operation : std::uint8_t {
  get,    ///< a GET of an object, whole or a range
  head,   ///< a HEAD of an object or a bucket
  list,   ///< any other GET: of a bucket or the service
  other,  ///< whatever writes
};
inline constexpr std::array<std::string_view, 4> s3_operation_names{"get", "head", "list", "other"};

/// How many requests began, over any number of connections.
struct RequestCounts {
  std::array<std::uint64_t, s3_operation_names.size()> requests{};
  std::uint64_t unreadable = 0;  ///< connections whose requests could not be told apart from some point on
};

/// One connection's requests. One thread at a time; `counts` outlives it.
class RequestCounter {
 public:
  explicit RequestCounter(RequestCounts& counts) : counts_(counts) {}

  /// The next bytes of the client. A request counts once its header is whole. After a header over 64 KiB, a body of
  /// unknown length, or what is no HTTP/1.1 (as TLS), the connection is unreadable and nothing of it counts any more.
  void take(std::span<const std::byte> bytes);

 private:
  void end_of_head();
  void give_up();

  RequestCounts& counts_;
  std::string head_;
  std::uint64_t body_left_ = 0;
  bool unreadable_ = false;
};

}  // namespace seekfs::bench
