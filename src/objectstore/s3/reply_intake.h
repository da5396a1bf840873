// A reply as it comes in: header lines become the head that the receiver is asked about, then bytes go into its sink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "objectstore/s3/callback_gate.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

/// Used by one thread. Makes its calls through `gate`.
class ReplyIntake {
 public:
  ReplyIntake(HttpReceiver& receiver, CallbackGate& gate) : receiver_(receiver), gate_(gate) {}

  /// One line of a head with its line end; the empty line, too. False: nothing more is wanted.
  bool take_header_line(std::string_view line);
  /// The next bytes of the body. False: nothing more is wanted.
  bool take_body(std::span<const std::byte> bytes);
  /// The reply, when the transfer has ended by itself or take_...() gave false: an error when the receiver abandoned
  /// it, when calls were refused, or when the head could not be.
  Result<HttpReply> finish();
  /// True after take_...() gave false.
  bool ended_early() const noexcept { return ended_early_; }

 private:
  bool end(std::optional<Error> error);
  void start_head(std::string_view status_line);
  void take_field(std::string_view line);
  bool show_head();
  bool keep(std::span<const std::byte> bytes);

  HttpReceiver& receiver_;
  CallbackGate& gate_;
  HttpReply reply_;
  BodySink* sink_ = nullptr;
  std::size_t head_bytes_ = 0;
  bool head_complete_ = false;
  bool head_shown_ = false;
  bool ended_early_ = false;
  std::optional<Error> error_;
};

}  // namespace seekfs::objectstore::s3
