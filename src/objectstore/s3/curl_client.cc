// Dealing transfers to threads, and the handles by which their starters hold them.
#include "objectstore/s3/curl_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "objectstore/s3/curl_transfer.h"
#include "objectstore/s3/transfer_inbox.h"
#include "objectstore/s3/transfer_thread.h"

namespace seekfs::objectstore::s3 {
namespace {

async::Task<HttpReply> reply_of(async::Promise<HttpReply> done) { co_return co_await done.wait(); }

class StartedTransfer final : public HttpTransfer {
 public:
  StartedTransfer(std::shared_ptr<CurlTransfer> transfer, std::shared_ptr<TransferInbox> inbox)
      : transfer_(std::move(transfer)), inbox_(std::move(inbox)) {}
  ~StartedTransfer() override {
    cancel();
    transfer_->gate().close();
  }
  StartedTransfer(const StartedTransfer&) = delete;
  StartedTransfer& operator=(const StartedTransfer&) = delete;

  void cancel() override {
    if (transfer_->ended()) return;
    transfer_->gate().refuse();
    inbox_->post({.kind = TransferCommand::Kind::cancel, .transfer = transfer_});
  }

  async::Task<HttpReply> wait() override { return reply_of(transfer_->done()); }

 private:
  std::shared_ptr<CurlTransfer> transfer_;
  std::shared_ptr<TransferInbox> inbox_;
};

class CurlClient final : public HttpClient {
 public:
  CurlClient(CurlClientOptions options, async::Timers& timers) : options_(std::move(options)) {
    for (std::uint32_t i = 0; i < std::max(1U, options_.threads); ++i) {
      threads_.push_back(std::make_unique<TransferThread>(options_, timers));
    }
  }

  std::unique_ptr<HttpTransfer> start(HttpRequest request, HttpReceiver& receiver) override {
    const std::size_t turn = next_.fetch_add(1, std::memory_order_relaxed) % threads_.size();
    const std::shared_ptr<TransferInbox>& inbox = threads_[turn]->inbox();
    auto transfer = std::make_shared<CurlTransfer>(std::move(request), receiver, options_.ca_bundle, inbox);
    if (!inbox->post({.kind = TransferCommand::Kind::start, .transfer = transfer})) {
      transfer->fail_with(Error(ErrorCode::cancelled, "the HTTP client is closing"));
    }
    return std::make_unique<StartedTransfer>(std::move(transfer), inbox);
  }

 private:
  CurlClientOptions options_;
  std::atomic<std::size_t> next_ = 0;
  std::vector<std::unique_ptr<TransferThread>> threads_;
};

}  // namespace

std::unique_ptr<HttpClient> make_curl_client(CurlClientOptions options, async::Timers& timers) {
  // Once a process, before any other use of libcurl; never undone, since others in the process may use it, too.
  static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialized);
  return std::make_unique<CurlClient>(std::move(options), timers);
}

}  // namespace seekfs::objectstore::s3
