// A thread that runs transfers in one multi handle, whose connections it keeps for reuse.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "async/timers.h"
#include "objectstore/s3/curl_client.h"
#include "objectstore/s3/curl_handles.h"
#include "objectstore/s3/curl_transfer.h"
#include "objectstore/s3/socket_poller.h"
#include "objectstore/s3/transfer_inbox.h"

namespace seekfs::objectstore::s3 {

/// The destructor ends its transfers with `cancelled` and joins; never on this thread itself.
class TransferThread {
 public:
  /// Both outlive it.
  TransferThread(const CurlClientOptions& options, async::Timers& timers);
  ~TransferThread();
  TransferThread(const TransferThread&) = delete;
  TransferThread& operator=(const TransferThread&) = delete;

  const std::shared_ptr<TransferInbox>& inbox() const noexcept { return inbox_; }

 private:
  struct Active {
    std::shared_ptr<CurlTransfer> transfer;
    EasyHandle easy;
  };

  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*);
  static int on_timer(CURLM*, long milliseconds, void* self);

  void run();
  Status open_multi();
  void close_multi(const Error& why);
  void obey(TransferCommand command);
  void start(std::shared_ptr<CurlTransfer> transfer);
  Status begin(const std::shared_ptr<CurlTransfer>& transfer);
  void resume(CurlTransfer* transfer);
  void drive();
  CURLMcode act();
  void end_finished();
  /// The transfer leaves libcurl, which then calls it no more. `whole`: it ended well, and its handle can serve again.
  std::shared_ptr<CurlTransfer> remove(CurlTransfer* transfer, bool whole);
  void end(CurlTransfer* transfer, Error error);
  void check_times();
  void ring_at(env::TimePoint when);

  const CurlClientOptions& options_;
  async::Timers& timers_;
  std::shared_ptr<TransferInbox> inbox_ = std::make_shared<TransferInbox>();
  // Of the thread alone.
  std::unique_ptr<SocketPoller> poller_;  ///< libcurl tells it of sockets until `multi_` has gone
  MultiHandle multi_;
  std::unordered_map<CurlTransfer*, Active> active_;
  std::vector<EasyHandle> spare_;
  /// One timer for all transfers: the earliest point at which one may be overdue, or before it.
  async::Timers::Id timer_ = 0;
  env::TimePoint rings_at_ = env::TimePoint::max();
  std::thread thread_;
};

}  // namespace seekfs::objectstore::s3
