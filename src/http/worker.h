// One reactor and the connections that live on it.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "async/reactor.h"
#include "base/mutex.h"
#include "http/reply_date.h"
#include "http/session.h"
#include "http/socket.h"

namespace seekfs::http {

/// The number of open connections of a whole server, and a wait for it to become zero. Thread-safe.
class ConnectionCount {
 public:
  /// False when `limit` are open.
  bool try_add(std::size_t limit);
  void remove();
  std::size_t value() const;
  /// Blocks until no connection is open or give_up() was called; true in the first case.
  bool wait_for_none();
  void give_up();

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::size_t count_ SEEKFS_GUARDED_BY(mutex_) = 0;
  bool given_up_ SEEKFS_GUARDED_BY(mutex_) = false;
};

/// Public functions are thread-safe; the work is done on the reactor's thread. Once a second of env's clock it looks
/// for connections whose peer is too slow.
class Worker {
 public:
  /// The references outlive the worker.
  Worker(std::string name, Shared& shared, ConnectionCount& count);
  /// All connections must have ended (ConnectionCount).
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  async::Reactor& reactor() noexcept { return reactor_; }
  /// Serves a connection that `count` includes; takes it out of there when it ends. `rule` outlives the worker.
  void add(Descriptor socket, const HostRule& rule);
  void drain();
  void abort();

 private:
  /// Ties the clock's thread to a worker that may be gone.
  struct SweepGate {
    Mutex mutex;
    Worker* worker SEEKFS_GUARDED_BY(mutex) = nullptr;
  };

  void start(Descriptor socket, const HostRule& rule);
  boost::asio::awaitable<void, async::Executor> run(std::list<std::unique_ptr<Session>>::iterator session);
  void schedule_sweep();
  void sweep();
  void for_each(void (Session::*action)() noexcept);

  Shared& shared_;
  ConnectionCount& count_;
  RequestIdSource ids_;
  ReplyDate dates_;
  std::list<std::unique_ptr<Session>> sessions_;
  std::shared_ptr<SweepGate> gate_;
  async::Timers::Id next_sweep_ = 0;
  async::Reactor reactor_;
};

}  // namespace seekfs::http
