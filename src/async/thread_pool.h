// Threads for work that blocks: disk reads, hashing, gzip.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/promise.h"
#include "async/task.h"

namespace seekfs::async {

/// A fixed number of threads and a queue in order of arrival. Thread-safe.
class ThreadPool {
 public:
  /// `name` (15 characters at most) is what the threads are called in tools.
  ThreadPool(std::string name, std::size_t threads);
  /// Runs everything that was posted, then joins.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  void post(std::move_only_function<void()> work);
  std::size_t thread_count() const noexcept;
  std::size_t queued() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs `work` (a function that returns Result<T>) on the pool; the awaiting coroutine resumes on its own executor.
/// What `work` holds is let go of before that: it may hold the last reference to something that its waiter outlives
/// only until then.
template <class T, class Work>
Task<T> run_on(ThreadPool& pool, Work work) {
  Promise<T> done;
  pool.post([done, work = std::optional<Work>(std::move(work))]() mutable {
    Result<T> result = (*work)();
    work.reset();
    done.set(std::move(result));
  });
  co_return co_await done.wait();
}

}  // namespace seekfs::async
