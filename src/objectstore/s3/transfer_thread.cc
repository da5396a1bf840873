// The loop of a transfer thread: commands, libcurl, results; and the watch over deadlines.
#include "objectstore/s3/transfer_thread.h"

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

namespace seekfs::objectstore::s3 {
namespace {

Error multi_error(CURLMcode code) {
  const bool memory = code == CURLM_OUT_OF_MEMORY;
  return Error(memory ? ErrorCode::exhausted : ErrorCode::transient,
               std::string("all transfers of a thread failed: ") + curl_multi_strerror(code));
}

}  // namespace

TransferThread::TransferThread(const CurlClientOptions& options, async::Timers& timers)
    : options_(options), timers_(timers), thread_([this] { run(); }) {}

TransferThread::~TransferThread() {
  inbox_->close();
  thread_.join();
}

void TransferThread::run() {
  pthread_setname_np(pthread_self(), "s3-transfer");
  sigset_t broken_pipe;  // a peer that is gone is an error of one transfer
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

  while (true) {
    TransferInbox::Batch batch = inbox_->take(/*wait=*/multi_ == nullptr);
    for (TransferCommand& command : batch.commands) obey(std::move(command));
    if (batch.closed) break;
    if (multi_ != nullptr) drive();
  }
  timers_.cancel(timer_);
  close_multi(Error(ErrorCode::cancelled, "the HTTP client is closing"));
}

int TransferThread::on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
  SocketPoller& poller = *static_cast<TransferThread*>(self)->poller_;
  if (what == CURL_POLL_REMOVE) {
    poller.forget(socket);
    return 0;
  }
  const bool watched =
      poller.watch(socket, {.reads = (what & CURL_POLL_IN) != 0, .writes = (what & CURL_POLL_OUT) != 0}).has_value();
  return watched ? 0 : -1;  // libcurl gives the multi handle up
}

int TransferThread::on_timer(CURLM*, long milliseconds, void* self) {
  std::optional<std::chrono::milliseconds> delay;
  if (milliseconds >= 0) delay.emplace(milliseconds);
  static_cast<TransferThread*>(self)->poller_->set_timer(delay);
  return 0;
}

Status TransferThread::open_multi() {
  if (multi_ != nullptr) return {};
  SEEKFS_ASSIGN(poller_, SocketPoller::open());
  multi_.reset(curl_multi_init());
  if (multi_ == nullptr) return fail(ErrorCode::exhausted, "no memory to begin transfers");
  const long connections = std::max<long>(1, options_.max_idle_connections / std::max(1U, options_.threads));
  CURLM* const multi = multi_.get();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &TransferThread::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &TransferThread::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  inbox_->attach(poller_.get());
  return {};
}

void TransferThread::close_multi(const Error& why) {
  while (!active_.empty()) end(active_.begin()->first, why);
  inbox_->attach(nullptr);
  spare_.clear();
  multi_.reset();
  poller_.reset();
}

void TransferThread::obey(TransferCommand command) {
  switch (command.kind) {
    case TransferCommand::Kind::start: start(std::move(command.transfer)); break;
    case TransferCommand::Kind::cancel: end(command.transfer.get(), Error(ErrorCode::cancelled, "cancelled")); break;
    case TransferCommand::Kind::resume: resume(command.transfer.get()); break;
    case TransferCommand::Kind::check_times: check_times(); break;
  }
}

void TransferThread::start(std::shared_ptr<CurlTransfer> transfer) {
  if (Status begun = begin(transfer); !begun) transfer->fail_with(std::move(begun).error());
}

Status TransferThread::begin(const std::shared_ptr<CurlTransfer>& transfer) {
  SEEKFS_TRY(open_multi());
  EasyHandle easy;
  if (!spare_.empty()) {
    easy = std::move(spare_.back());
    spare_.pop_back();
  } else {
    easy.reset(curl_easy_init());
  }
  if (easy == nullptr) return fail(ErrorCode::exhausted, "no memory for another transfer");
  SEEKFS_TRY(transfer->set_up(easy.get(), options_, timers_.clock()));
  if (auto late = transfer->overdue(timers_.clock().now(), options_.stall_timeout)) {
    return std::unexpected<Error>(*std::move(late));
  }
  if (const CURLMcode code = curl_multi_add_handle(multi_.get(), easy.get()); code != CURLM_OK) {
    return std::unexpected<Error>(multi_error(code));
  }
  ring_at(transfer->due(options_.stall_timeout));
  active_.emplace(transfer.get(), Active{transfer, std::move(easy)});
  return {};
}

void TransferThread::resume(CurlTransfer* transfer) {
  const auto found = active_.find(transfer);
  if (found == active_.end() || !transfer->end_pause()) return;
  ring_at(transfer->due(options_.stall_timeout));
  // Gives the bytes that libcurl holds to the transfer before it returns.
  const CURLcode code = curl_easy_pause(found->second.easy.get(), CURLPAUSE_CONT);
  if (code != CURLE_OK) remove(transfer, false)->finish(code);
}

void TransferThread::drive() {
  const CURLMcode code = act();
  end_finished();
  // Nothing is known about the transfers any more; the next one begins with a new multi handle.
  if (code != CURLM_OK) close_multi(multi_error(code));
}

/// Lets libcurl do what it can, then sleeps and lets it do what there is to do then.
CURLMcode TransferThread::act() {
  CURLM* const multi = multi_.get();
  int running = 0;
  CURLMcode code = CURLM_OK;
  if (poller_->take_timer()) code = curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
  end_finished();
  if (code != CURLM_OK) return code;
  for (const SocketPoller::Ready& ready : poller_->wait()) {
    const int what = (ready.readable ? CURL_CSELECT_IN : 0) | (ready.writable ? CURL_CSELECT_OUT : 0) |
                     (ready.failed ? CURL_CSELECT_ERR : 0);
    code = curl_multi_socket_action(multi, ready.socket, what, &running);
    if (code != CURLM_OK) return code;
  }
  return CURLM_OK;
}

void TransferThread::end_finished() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;  // the message does not outlive the removal
    char* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    remove(reinterpret_cast<CurlTransfer*>(self), code == CURLE_OK)->finish(code);
  }
}

std::shared_ptr<CurlTransfer> TransferThread::remove(CurlTransfer* transfer, bool whole) {
  const auto found = active_.find(transfer);
  if (found == active_.end()) return nullptr;
  Active active = std::move(found->second);
  active_.erase(found);
  curl_multi_remove_handle(multi_.get(), active.easy.get());
  // After some failures, e.g. of the name server, libcurl's handle keeps its buffer, and then its size can't be set.
  if (whole && spare_.size() < options_.max_idle_connections) {
    curl_easy_reset(active.easy.get());  // the connections stay: they are the multi handle's
    spare_.push_back(std::move(active.easy));
  }
  return std::move(active.transfer);
}

void TransferThread::end(CurlTransfer* transfer, Error error) {
  // One that has ended is not there any more.
  if (const auto removed = remove(transfer, false)) removed->fail_with(std::move(error));
}

void TransferThread::check_times() {
  timers_.cancel(timer_);
  rings_at_ = env::TimePoint::max();
  const env::TimePoint now = timers_.clock().now();
  std::vector<std::pair<CurlTransfer*, Error>> late;
  env::TimePoint next = env::TimePoint::max();
  for (const auto& [transfer, active] : active_) {
    if (auto error = transfer->overdue(now, options_.stall_timeout)) {
      late.emplace_back(transfer, *std::move(error));
    } else {
      next = std::min(next, transfer->due(options_.stall_timeout));
    }
  }
  for (auto& [transfer, error] : late) end(transfer, std::move(error));
  ring_at(next);
}

void TransferThread::ring_at(env::TimePoint when) {
  if (when >= rings_at_) return;
  timers_.cancel(timer_);
  rings_at_ = when;
  timer_ = timers_.schedule(
      when, [inbox = inbox_] { inbox->post({.kind = TransferCommand::Kind::check_times, .transfer = nullptr}); });
}

}  // namespace seekfs::objectstore::s3
