// Accepting connections on one address and dealing them to the reactors in turn.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"
#include "http/socket.h"
#include "http/worker.h"

namespace seekfs::http {

/// Waits on the first worker's reactor. Workers, `shared` and `count` outlive it.
class ListenerLoop {
 public:
  static Result<std::unique_ptr<ListenerLoop>> start(Shared& shared, ConnectionCount& count,
                                                     std::vector<Worker*> workers, Listener listener);
  /// stop() has returned before.
  ~ListenerLoop() = default;

  /// Returns when no connection will be dealt any more. Thread-safe, idempotent; not on a reactor's thread.
  void stop();

 private:
  ListenerLoop(Shared& shared, ConnectionCount& count, std::vector<Worker*> workers, Listener listener,
               std::unique_ptr<Acceptor> acceptor);

  boost::asio::awaitable<void, async::Executor> run();
  async::Task<void> pause();
  void deal(Descriptor socket);
  void refuse(Descriptor socket);
  void close();

  Shared& shared_;
  ConnectionCount& count_;
  std::vector<Worker*> workers_;
  HostRule rule_;
  RequestIdSource ids_;
  SocketFile file_;  ///< of a Unix socket; goes with the loop

  // On the reactor's thread only.
  std::unique_ptr<Acceptor> acceptor_;
  std::optional<async::Promise<void>> pause_;
  std::size_t next_ = 0;

  Mutex mutex_;
  CondVar ended_changed_;
  bool ended_ SEEKFS_GUARDED_BY(mutex_) = false;
};

}  // namespace seekfs::http
