// As many loops as may be under way, each of which takes the next item once it is done with one.
#include "publish/in_flight.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "async/promise.h"
#include "async/sync_wait.h"

namespace seekfs::publish {
namespace {

/// Used by one thread.
class Group {
 public:
  Group(std::size_t count, std::size_t limit, const std::function<async::Task<void>(std::size_t)>& work)
      : count_(count), limit_(limit), work_(work) {}

  async::Task<void> run() {
    running_ = std::min(limit_, count_);
    if (running_ == 0) co_return Status();
    const async::Executor executor = co_await boost::asio::this_coro::executor;
    for (std::size_t i = running_; i > 0; --i) boost::asio::co_spawn(executor, loop(), boost::asio::detached);
    co_return co_await finished_.wait();
  }

 private:
  boost::asio::awaitable<void, async::Executor> loop() {
    while (next_ < count_ && status_) {
      Status done = co_await work_(next_++);
      if (!done && status_) status_ = std::move(done);
    }
    if (--running_ == 0) finished_.set(status_);
  }

  const std::size_t count_;
  const std::size_t limit_;
  const std::function<async::Task<void>(std::size_t)>& work_;
  std::size_t running_ = 0;
  std::size_t next_ = 0;
  Status status_;
  async::Promise<void> finished_;
};

}  // namespace

Status for_each_in_flight(std::size_t count, std::size_t limit,
                          const std::function<async::Task<void>(std::size_t)>& work) {
  Group group(count, limit, work);
  return async::sync_wait(group.run());
}

}  // namespace seekfs::publish
