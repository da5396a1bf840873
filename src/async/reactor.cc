// The thread of a reactor, and coroutines that nobody awaits.
#include "async/reactor.h"

#include <pthread.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

namespace seekfs::async {

struct Reactor::State {
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<Executor> keep_running{context.get_executor()};
  std::thread thread;
};

Reactor::Reactor(std::string name) : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get(), name = std::move(name)] {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    state->context.run();
  });
}

Reactor::~Reactor() { stop(); }

Executor Reactor::executor() const noexcept { return state_->context.get_executor(); }

boost::asio::io_context& Reactor::context() noexcept { return state_->context; }

void Reactor::post(std::move_only_function<void()> work) { boost::asio::post(state_->context, std::move(work)); }

void Reactor::stop() {
  if (!state_->thread.joinable()) return;
  state_->context.stop();
  state_->thread.join();
}

void spawn(Executor executor, boost::asio::awaitable<void, Executor> task) {
  boost::asio::co_spawn(executor, std::move(task), [](std::exception_ptr escaped) {
    if (!escaped) return;
    try {
      std::rethrow_exception(escaped);
    } catch (const std::exception& exception) {
      std::fprintf(stderr, "seekfs: an exception escaped a coroutine: %s\n", exception.what());
    } catch (...) {
      std::fprintf(stderr, "seekfs: an exception of unknown type escaped a coroutine\n");
    }
    std::abort();
  });
}

}  // namespace seekfs::async
