// What tests of the HTTP client share: clocks, sinks and receivers that record, and a server of fixed bytes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "async/sync_wait.h"
#include "async/timers.h"
#include "base/mutex.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/http_client.h"

namespace seekfs::objectstore::s3 {

/// A client on the machine's clock or on one that the test moves.
class ClientRig {
 public:
  explicit ClientRig(CurlClientOptions options = {}, bool manual_time = false);
  HttpClient& client() noexcept { return *client_; }
  void close_client() { client_.reset(); }
  env::ManualClock& manual_clock() noexcept { return *manual_clock_; }
  env::TimePoint now() const { return timers_->clock().now(); }
  /// exchange() until it is done.
  Result<HttpReply> exchange(HttpRequest request);
  Result<HttpReply> run(HttpRequest request, HttpReceiver& receiver);

 private:
  std::unique_ptr<env::Clock> system_clock_;
  std::unique_ptr<env::ManualClock> manual_clock_;
  std::unique_ptr<async::Timers> timers_;
  std::unique_ptr<HttpClient> client_;
};

inline Result<HttpReply> wait_for(HttpTransfer& transfer) { return async::sync_wait(transfer.wait()); }

/// Counts up; others wait until it is high enough. Thread-safe.
class Signal {
 public:
  void raise() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void wait(std::uint64_t count = 1) {
    MutexLock lock(mutex_);
    while (count_ < count) changed_.wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::uint64_t count_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

/// Keeps what it gets, in pieces of `piece` bytes, until it has `limit`. `committed` is called after each commit.
class RecordingSink final : public BodySink {
 public:
  explicit RecordingSink(std::size_t piece, std::size_t limit = std::numeric_limits<std::size_t>::max(),
                         std::function<void(std::size_t size)> committed = {})
      : piece_(piece), limit_(limit), committed_(std::move(committed)) {}
  std::span<std::byte> prepare() override;
  void commit(std::size_t count) override;
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  std::size_t piece_;
  std::size_t limit_;
  std::function<void(std::size_t)> committed_;
  std::vector<std::byte> room_;
  std::string bytes_;
};

/// Takes exactly as many bytes as it was let, then pauses its body. For one body at a time; any thread may let.
class PausingSink final : public BodySink {
 public:
  explicit PausingSink(std::size_t first) : allowed_(first) {}
  bool wants_pause(const std::weak_ptr<PausedBody>& body) override;
  std::span<std::byte> prepare() override;
  void commit(std::size_t count) override;

  /// So many bytes from the start of the body may come.
  void let(std::size_t size);
  /// Returns once it has paused for the `count`th time.
  void wait_for_pause(std::uint64_t count = 1) { pauses_.wait(count); }
  /// After the transfer has ended, or while it is paused.
  const std::string& bytes() const noexcept { return bytes_; }
  std::weak_ptr<PausedBody> body() const;

 private:
  mutable Mutex mutex_;
  std::size_t allowed_ SEEKFS_GUARDED_BY(mutex_);
  std::weak_ptr<PausedBody> body_ SEEKFS_GUARDED_BY(mutex_);
  Signal pauses_;
  std::vector<std::byte> room_;
  std::string bytes_;
};

/// Answers every head with what a function says.
class AskingReceiver final : public HttpReceiver {
 public:
  explicit AskingReceiver(std::function<Choice(const HttpReplyHead&)> answer) : answer_(std::move(answer)) {}
  explicit AskingReceiver(BodySink& sink) : answer_([&sink](const HttpReplyHead&) { return Choice{.sink = &sink}; }) {}
  Choice on_head(const HttpReplyHead& head) override {
    ++heads_;
    return answer_(head);
  }
  int heads() const noexcept { return heads_; }

 private:
  std::function<Choice(const HttpReplyHead&)> answer_;
  std::atomic<int> heads_ = 0;
};

/// Sends fixed bytes to whoever has sent a head, whatever is in it, and ends the connection: the first of `replies` on
/// the first connection, and the last on all that are left.
class FixedBytesServer {
 public:
  explicit FixedBytesServer(std::vector<std::string> replies);
  ~FixedBytesServer();
  FixedBytesServer(const FixedBytesServer&) = delete;
  FixedBytesServer& operator=(const FixedBytesServer&) = delete;
  std::string url() const;

 private:
  void serve();

  std::vector<std::string> replies_;
  int listener_;
  std::thread thread_;
};

/// `size` bytes that repeat late.
std::string test_bytes(std::size_t size);

}  // namespace seekfs::objectstore::s3
