// gzip (RFC 1952) as a stream in both directions, with caps against bombs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seekfs::manifest {

/// Unpacks one or more gzip members, fed in pieces of any size. One thread at a time.
class GzipReader {
 public:
  /// Takes unpacked bytes in order; they live until it returns. Its Error ends the feeding.
  using Output = std::function<Status(std::span<const std::byte>)>;

  /// Refused (unsupported_manifest): more than `max_ratio` bytes out for a byte in.
  GzipReader(std::uint64_t max_ratio, Output output);
  ~GzipReader();
  /// `corrupt` when the bytes are not gzip, a checksum or length differs, or other bytes follow a member.
  Status feed(std::span<const std::byte> piece);
  /// `corrupt` when the stream is empty or ends inside a member.
  Status finish();

 private:
  Status inflate_once();
  Status check_ratio(std::uint64_t slack) const;
  void begin_member();

  struct State;
  std::unique_ptr<State> state_;
};

/// Packs what is appended: level 6, one member without name and time, so that the same text gives the same bytes.
class GzipWriter {
 public:
  GzipWriter();
  ~GzipWriter();
  void write(std::string_view text);
  /// All packed bytes; the writer is used up.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace seekfs::manifest
