// A result that arrives once, from any thread, and is awaited by one coroutine: the only primitive on which coroutines
// of this program wait for something outside their own executor.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "async/task.h"
#include "async/timers.h"
#include "base/mutex.h"

namespace seekfs::async {

/// Copies share one state. set() may be called from any thread; the first call counts, later ones return false. wait()
/// is called at most once and resumes its coroutine by a post to that coroutine's own executor.
template <class T>
class Promise {
 public:
  Promise() : state_(std::make_shared<State>()) {}

  bool set(Result<T> result) const {
    MutexLock lock(state_->mutex);
    if (state_->result || state_->taken) return false;
    state_->result.emplace(std::move(result));
    // Posted under the lock, which the waiter takes on its way out of wait(): so it cannot free the context that it
    // runs on while this thread is still inside the post. Lock order: a promise, then Asio's own.
    if (auto resume = std::exchange(state_->resume, nullptr)) resume();
    return true;
  }

  /// True once a result is there to be taken without waiting.
  bool ready() const {
    MutexLock lock(state_->mutex);
    return state_->result.has_value();
  }

  /// The result, when ready(); nothing else is called on this promise after that.
  std::optional<Result<T>> try_take() const {
    MutexLock lock(state_->mutex);
    if (!state_->result) return std::nullopt;
    state_->taken = true;
    return std::exchange(state_->result, std::nullopt);
  }

  Task<T> wait() const {
    std::shared_ptr<State> state = state_;
    bool ready = false;
    {
      MutexLock lock(state->mutex);
      ready = state->result.has_value();
    }
    if (!ready) co_await suspend(state);
    MutexLock lock(state->mutex);
    state->taken = true;
    Result<T> result = std::move(*state->result);
    state->result.reset();
    co_return result;
  }

  /// wait(), but an Error `timeout` once `deadline` has come; a result that arrives later is dropped.
  Task<T> wait_until(Timers& timers, env::TimePoint deadline, std::string what) const {
    Promise self = *this;
    const Timers::Id id = timers.schedule(deadline, [self, what = std::move(what)] {
      self.set(fail(ErrorCode::timeout, what + " did not finish before its deadline"));
    });
    Result<T> result = co_await self.wait();
    timers.cancel(id);
    co_return result;
  }

 private:
  struct State {
    Mutex mutex;
    std::optional<Result<T>> result SEEKFS_GUARDED_BY(mutex);
    bool taken SEEKFS_GUARDED_BY(mutex) = false;
    std::move_only_function<void()> resume SEEKFS_GUARDED_BY(mutex);
  };

  static auto suspend(std::shared_ptr<State> state) {
    boost::asio::use_awaitable_t<Executor> token;
    return boost::asio::async_initiate<boost::asio::use_awaitable_t<Executor>, void()>(
        [](auto handler, std::shared_ptr<State> shared) {
          auto executor = boost::asio::get_associated_executor(handler);
          std::move_only_function<void()> resume = [executor, handler = std::move(handler)]() mutable {
            boost::asio::post(executor, std::move(handler));
          };
          {
            MutexLock lock(shared->mutex);
            if (!shared->result) {
              shared->resume = std::move(resume);
              return;
            }
          }
          resume();
        },
        token, std::move(state));
  }

  std::shared_ptr<State> state_;
};

}  // namespace seekfs::async
