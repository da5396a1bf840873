// The coroutine type of the program: a task that yields a value or an Error, on a reactor's executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "base/error.h"

namespace seekfs::async {

using Executor = boost::asio::io_context::executor_type;

/// Something that may wait. It runs on the executor of whoever awaits it and resumes there, whichever thread finished
/// it.
template <class T>
using Task = boost::asio::awaitable<Result<T>, Executor>;

}  // namespace seekfs::async
