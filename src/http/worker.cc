// Starting, watching and ending the connections of one reactor.
#include "http/worker.h"

#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace seekfs::http {

bool ConnectionCount::try_add(std::size_t limit) {
  MutexLock lock(mutex_);
  if (count_ >= limit) return false;
  ++count_;
  return true;
}

void ConnectionCount::remove() {
  MutexLock lock(mutex_);
  if (--count_ == 0) changed_.notify_all();
}

std::size_t ConnectionCount::value() const {
  MutexLock lock(mutex_);
  return count_;
}

bool ConnectionCount::wait_for_none() {
  MutexLock lock(mutex_);
  while (count_ > 0 && !given_up_) changed_.wait(mutex_);
  given_up_ = false;
  return count_ == 0;
}

void ConnectionCount::give_up() {
  MutexLock lock(mutex_);
  given_up_ = true;
  changed_.notify_all();
}

Worker::Worker(std::string name, Shared& shared, ConnectionCount& count)
    : shared_(shared),
      count_(count),
      ids_(shared.parts.random.next()),
      dates_(shared.parts.clock),
      gate_(std::make_shared<SweepGate>()),
      reactor_(std::move(name)) {
  {
    MutexLock lock(gate_->mutex);
    gate_->worker = this;
  }
  schedule_sweep();
}

Worker::~Worker() {
  {
    MutexLock lock(gate_->mutex);
    gate_->worker = nullptr;
  }
  reactor_.stop();
  shared_.parts.timers.cancel(next_sweep_);
}

void Worker::add(Descriptor socket, const HostRule& rule) {
  reactor_.post([this, socket = std::move(socket), &rule]() mutable { start(std::move(socket), rule); });
}

void Worker::start(Descriptor socket, const HostRule& rule) {
  auto stream = make_socket_stream(reactor_.executor(), std::move(socket));
  if (!stream) {
    shared_.parts.logger.warning("connection not served", {{"error", stream.error().message}});
    count_.remove();
    return;
  }
  shared_.metrics.connections().add(1);
  const SessionContext context{shared_, ids_, dates_};
  sessions_.push_front(std::make_unique<Session>(context, std::move(*stream), rule));
  async::spawn(reactor_.executor(), run(sessions_.begin()));
}

boost::asio::awaitable<void, async::Executor> Worker::run(std::list<std::unique_ptr<Session>>::iterator session) {
  // How a connection ended is in the log already.
  (void)co_await (*session)->run();
  sessions_.erase(session);
  shared_.metrics.connections().add(-1);
  count_.remove();
}

void Worker::schedule_sweep() {
  const env::TimePoint next = shared_.parts.clock.now() + std::chrono::seconds(1);
  next_sweep_ = shared_.parts.timers.schedule(next, [gate = gate_] {
    MutexLock lock(gate->mutex);
    if (gate->worker == nullptr) return;
    gate->worker->reactor_.post([worker = gate->worker] { worker->sweep(); });
  });
}

void Worker::sweep() {
  const env::TimePoint now = shared_.parts.clock.now();
  for (const std::unique_ptr<Session>& session : sessions_) {
    if (session->deadline() <= now) session->expire();
  }
  schedule_sweep();
}

void Worker::for_each(void (Session::*action)() noexcept) {
  reactor_.post([this, action] {
    for (const std::unique_ptr<Session>& session : sessions_) ((*session).*action)();
  });
}

void Worker::drain() { for_each(&Session::drain); }
void Worker::abort() { for_each(&Session::abort); }

}  // namespace seekfs::http
