// The loop of one listener.
#include "http/listener.h"

#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>

#include "base/http_date.h"
#include "http/problem.h"
#include "http/reply_head.h"

namespace seekfs::http {
namespace {

/// What is out now (descriptors, memory) comes back when connections end.
constexpr std::chrono::milliseconds exhaustion_pause{100};

}  // namespace

ListenerLoop::ListenerLoop(Shared& shared, ConnectionCount& count, std::vector<Worker*> workers, Listener listener,
                           std::unique_ptr<Acceptor> acceptor)
    : shared_(shared),
      count_(count),
      workers_(std::move(workers)),
      rule_{listener.address.is_local(), listener.address.host(), listener.address.is_unix()},
      ids_(shared.parts.random.next()),
      file_(std::move(listener.file)),
      acceptor_(std::move(acceptor)) {}

Result<std::unique_ptr<ListenerLoop>> ListenerLoop::start(Shared& shared, ConnectionCount& count,
                                                          std::vector<Worker*> workers, Listener listener) {
  async::Reactor& reactor = workers.front()->reactor();
  SEEKFS_ASSIGN(auto acceptor, make_acceptor(reactor.executor(), std::move(listener.socket)));
  std::unique_ptr<ListenerLoop> loop(
      new ListenerLoop(shared, count, std::move(workers), std::move(listener), std::move(acceptor)));
  async::spawn(reactor.executor(), loop->run());
  return loop;
}

void ListenerLoop::stop() {
  {
    // Once it has ended nothing may be posted: the loop could be gone before that runs.
    MutexLock lock(mutex_);
    if (ended_) return;
  }
  workers_.front()->reactor().post([this] { close(); });
  MutexLock lock(mutex_);
  while (!ended_) ended_changed_.wait(mutex_);
}

void ListenerLoop::close() {
  if (acceptor_ != nullptr) acceptor_->close();
  if (pause_) pause_->set({});
}

boost::asio::awaitable<void, async::Executor> ListenerLoop::run() {
  while (true) {
    Result<std::shared_ptr<Descriptor>> accepted = co_await acceptor_->accept();
    if (accepted) {
      deal(std::move(**accepted));
    } else if (accepted.error().code == ErrorCode::cancelled) {
      break;
    } else if (accepted.error().code == ErrorCode::exhausted) {
      shared_.parts.logger.warning("connections wait", {{"error", accepted.error().message}});
      (void)co_await pause();
    }
  }
  // Asio's side of the socket goes on the thread on which it lived.
  acceptor_.reset();
  MutexLock lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

async::Task<void> ListenerLoop::pause() {
  async::Promise<void> over = pause_.emplace();
  async::Timers& timers = shared_.parts.timers;
  const auto id = timers.schedule(shared_.parts.clock.now() + exhaustion_pause, [over] { over.set({}); });
  co_await over.wait();
  timers.cancel(id);
  pause_.reset();
  co_return Result<void>{};
}

void ListenerLoop::deal(Descriptor socket) {
  if (!count_.try_add(shared_.options.max_connections)) return refuse(std::move(socket));
  workers_[next_]->add(std::move(socket), rule_);
  next_ = (next_ + 1) % workers_.size();
}

void ListenerLoop::refuse(Descriptor socket) {
  shared_.metrics.refused_connections().add();
  const Problem problem = to_problem(Error(ErrorCode::exhausted, "too many connections are open"));
  const RequestId id = ids_.next();
  std::string document;
  append_problem(document, problem, id.view());
  const auto now = std::chrono::floor<std::chrono::seconds>(shared_.parts.clock.wall_now()).time_since_epoch().count();
  const HttpDateText date = format_http_date(now);
  ReplyHead head;
  head.status = problem.status;
  head.content_type = problem_content_type;
  head.content_length = document.size();
  head.retry_after = problem.retry_after;
  TextBuffer text;
  append_head(text, head, {false, false, {date.data(), date.size()}, id.view()});
  text.append(document.data(), document.data() + document.size());
  send_and_close(std::move(socket), {text.data(), text.size()});
}

}  // namespace seekfs::http
