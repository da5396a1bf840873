// A reply as it comes in: header lines become the head that the receiver is asked about, then bytes go into its sink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

  enum class Next : std::uint8_t {
    more,
    pause,  ///< the sink has put its body off: the same bytes are to be given once more when it was resumed
    end,    ///< nothing more is wanted
  };

  /// One line of a head with its line end; the empty line, too. False: nothing more is wanted.
  bool take_header_line(std::string_view line);
  /// The next bytes of the body, of the transfer that the sink knows as `body`.
  Next take_body(std::span<const std::byte> bytes, const std::weak_ptr<PausedBody>& body);
  /// The reply, when the transfer has ended by itself or nothing more was wanted: an error when the receiver abandoned
  /// it, when calls were refused, or when the head could not be.
  Result<HttpReply> finish();
  /// True once nothing more was wanted.
  bool ended_early() const noexcept { return ended_early_; }

 private:
  bool end(std::optional<Error> error);
  void start_head(std::string_view status_line);
  void take_field(std::string_view line);
  bool show_head();
  /// What of `bytes` is left: none, or the sink wants a pause, or no more.
  struct Left {
    std::size_t count;
    bool pause;
  };
  Left pour(std::span<const std::byte> bytes, const std::weak_ptr<PausedBody>& body);
  bool keep(std::span<const std::byte> bytes);

  HttpReceiver& receiver_;
  CallbackGate& gate_;
  HttpReply reply_;
  BodySink* sink_ = nullptr;
  std::size_t taken_before_pause_ = 0;  ///< of the bytes that come once more
  std::size_t head_bytes_ = 0;
  bool head_complete_ = false;
  bool head_shown_ = false;
  bool ended_early_ = false;
  std::optional<Error> error_;
};

}  // namespace seekfs::objectstore::s3
