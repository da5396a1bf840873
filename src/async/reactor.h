// One thread that runs one io_context: where connections live and coroutines run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>

#include "async/task.h"

namespace seekfs::async {

/// Starts its thread in the constructor; stop() or the destructor ends it. Work that is pending then is not run; it is
/// destroyed by the destructor, so what it refers to must live until then.
class Reactor {
 public:
  explicit Reactor(std::string name);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  Executor executor() const noexcept;
  boost::asio::io_context& context() noexcept;
  /// Runs `work` on the reactor's thread. Thread-safe.
  void post(std::move_only_function<void()> work);
  /// Ends the loop and joins the thread; idempotent.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Starts a coroutine on `executor` and lets it go; an exception that escapes it ends the program with its message,
/// since none may cross a room.
void spawn(Executor executor, boost::asio::awaitable<void, Executor> task);

}  // namespace seekfs::async
