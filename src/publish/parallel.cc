// A shared index from which as many loops as the pool has threads take their next item.
#include "publish/parallel.h"

#include <algorithm>
#include <optional>

#include "base/mutex.h"

namespace seekfs::publish {
namespace {

class Group {
 public:
  Group(std::size_t count, const std::function<Status(std::size_t)>& work) : count_(count), work_(work) {}

  void loop() {
    while (const std::optional<std::size_t> index = take()) {
      Status status = work_(*index);
      if (!status) record(*index, std::move(status).error());
    }
    MutexLock lock(mutex_);
    --running_;
    // Under the lock: the waiter destroys this object as soon as it sees zero.
    finished_.notify_all();
  }

  Status run(async::ThreadPool& pool) {
    const std::size_t loops = std::min(pool.thread_count(), count_);
    MutexLock lock(mutex_);
    running_ = loops;
    for (std::size_t i = 0; i < loops; ++i) pool.post([this] { loop(); });
    while (running_ > 0) finished_.wait(mutex_);
    if (error_) return std::unexpected<Error>(std::move(*error_));
    return {};
  }

 private:
  std::optional<std::size_t> take() {
    MutexLock lock(mutex_);
    if (error_ || next_ == count_) return std::nullopt;
    return next_++;
  }

  void record(std::size_t index, Error error) {
    MutexLock lock(mutex_);
    if (error_ && failed_index_ < index) return;
    error_ = std::move(error);
    failed_index_ = index;
  }

  const std::size_t count_;
  const std::function<Status(std::size_t)>& work_;
  Mutex mutex_;
  CondVar finished_;
  std::size_t next_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::size_t running_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::optional<Error> error_ SEEKFS_GUARDED_BY(mutex_);
  std::size_t failed_index_ SEEKFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace

Status parallel_for(async::ThreadPool& pool, std::size_t count, const std::function<Status(std::size_t)>& work) {
  if (count == 0) return {};
  Group group(count, work);
  return group.run(pool);
}

}  // namespace seekfs::publish
