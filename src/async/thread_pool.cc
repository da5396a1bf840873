// Threads that take work from one queue.
#include "async/thread_pool.h"

#include <pthread.h>

#include <deque>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace seekfs::async {

struct ThreadPool::State {
  mutable Mutex mutex;
  CondVar changed;
  std::deque<std::move_only_function<void()>> queue SEEKFS_GUARDED_BY(mutex);
  bool closing SEEKFS_GUARDED_BY(mutex) = false;
  std::vector<std::thread> threads;

  /// The next piece of work; empty when the pool is closing and nothing is left.
  std::move_only_function<void()> take() {
    MutexLock lock(mutex);
    while (queue.empty() && !closing) changed.wait(mutex);
    if (queue.empty()) return {};
    std::move_only_function<void()> work = std::move(queue.front());
    queue.pop_front();
    return work;
  }
};

ThreadPool::ThreadPool(std::string name, std::size_t threads) : state_(std::make_unique<State>()) {
  for (std::size_t i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get(), name] {
      pthread_setname_np(pthread_self(), name.c_str());
      while (auto work = state->take()) work();
    });
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(state_->mutex);
    state_->closing = true;
  }
  state_->changed.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

void ThreadPool::post(std::move_only_function<void()> work) {
  {
    MutexLock lock(state_->mutex);
    state_->queue.push_back(std::move(work));
  }
  state_->changed.notify_one();
}

std::size_t ThreadPool::thread_count() const noexcept { return state_->threads.size(); }

std::size_t ThreadPool::queued() const {
  MutexLock lock(state_->mutex);
  return state_->queue.size();
}

}  // namespace seekfs::async
