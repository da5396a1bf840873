// From blocking code into coroutines: tools, publish workers and tests.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "async/task.h"

namespace seekfs::async {

/// Runs `task` on an io_context of its own, on this thread, until it is done. Never on a reactor's thread.
template <class T>
Result<T> sync_wait(Task<T> task) {
  boost::asio::io_context context(1);
  std::optional<Result<T>> result;
  boost::asio::co_spawn(
      context,
      [](Task<T> inner, std::optional<Result<T>>& out) -> boost::asio::awaitable<void, Executor> {
        out.emplace(co_await std::move(inner));
      }(std::move(task), result),
      boost::asio::detached);
  auto keep_running = boost::asio::make_work_guard(context);
  while (!result) context.run_one();
  return std::move(*result);
}

}  // namespace seekfs::async
