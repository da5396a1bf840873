// One transfer as its transfer thread sees it: how libcurl is set up for it, what libcurl calls, and how it ends.
#pragma once

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/promise.h"
#include "env/clock.h"
#include "objectstore/s3/callback_gate.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/curl_handles.h"
#include "objectstore/s3/http_client.h"
#include "objectstore/s3/reply_intake.h"

namespace seekfs::objectstore::s3 {

class TransferInbox;

/// Shared by its handle and its thread. gate(), done(), ended() and resume() are for any thread, all else for the
/// transfer thread.
class CurlTransfer final : public PausedBody, public std::enable_shared_from_this<CurlTransfer> {
 public:
  /// `inbox` is that of its thread.
  CurlTransfer(HttpRequest request, HttpReceiver& receiver, std::string ca_bundle,
               std::shared_ptr<TransferInbox> inbox);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CallbackGate& gate() noexcept { return gate_; }
  const async::Promise<HttpReply>& done() const noexcept { return done_; }
  /// Nothing is left to cancel.
  bool ended() const noexcept { return ended_.load(std::memory_order_acquire); }
  /// Asks its thread to go on, which finds out whether it was paused.
  void resume() override;

  /// Sets a fresh or reset `easy` up; it calls this object until it has been reset or cleaned up. `clock` outlives
  /// that.
  Status set_up(CURL* easy, const CurlClientOptions& options, const env::Clock& clock);

  /// True, and not paused any more, when its sink had put it off: libcurl is to be told.
  bool end_pause();

  /// When overdue() must be asked again: nothing happens before.
  env::TimePoint due(env::Duration stall_timeout) const;
  /// The error, when the deadline has come or nothing moved for too long.
  /// While it is paused only the deadline counts.
  std::optional<Error> overdue(env::TimePoint now, env::Duration stall_timeout) const;

  /// libcurl is done with it, and calls nothing any more.
  void finish(CURLcode code);
  /// Ends it with `error`; libcurl calls nothing any more.
  void fail_with(Error error);

 private:
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self);
  static std::size_t on_read(char* out, std::size_t, std::size_t room, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr* address);

  void settle(Result<HttpReply> result);
  Status make_headers();
  void set_upload(class EasyOptions& easy);

  HttpRequest request_;
  std::string ca_bundle_;
  CallbackGate gate_;
  ReplyIntake intake_;
  async::Promise<HttpReply> done_;
  std::atomic<bool> ended_ = false;
  CurlList headers_;
  std::string what_;  ///< method, host and port
  std::uint64_t sent_ = 0;
  std::optional<Error> body_error_;
  int socket_errno_ = 0;
  const env::Clock* clock_ = nullptr;
  env::TimePoint last_progress_;
  const std::shared_ptr<TransferInbox> inbox_;
  std::weak_ptr<PausedBody> self_;  ///< from set_up() on
  bool paused_ = false;
  std::array<char, CURL_ERROR_SIZE> detail_{};
};

}  // namespace seekfs::objectstore::s3
