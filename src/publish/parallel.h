// The same work on many items by the threads of a pool, while the caller waits.
#pragma once

#include <cstddef>
#include <functional>

#include "async/thread_pool.h"
#include "base/error.h"

namespace seekfs::publish {

/// Calls work(0) … work(count - 1) on the pool's threads, in that order of starting, and returns once none runs any
/// more. After a failure nothing new is started; of several failures the one of the smallest index is returned. Not
/// from a thread of the same pool.
Status parallel_for(async::ThreadPool& pool, std::size_t count, const std::function<Status(std::size_t)>& work);

}  // namespace seekfs::publish
