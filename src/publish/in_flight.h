// The same work on many items as coroutines of one thread, a limited number of them under way, while the caller waits.
#pragma once

#include <cstddef>
#include <functional>

#include "async/task.h"

namespace seekfs::publish {

/// How many small requests hide each other's time to the first byte.
inline constexpr std::size_t objects_in_flight = 32;

/// Awaits work(0) … work(count - 1), started in that order and at most `limit` (> 0) at once, all on the calling
/// thread, and returns once none is under way. After a failure nothing new is started and the first one, by time, is
/// returned. Never on a reactor's thread.
Status for_each_in_flight(std::size_t count, std::size_t limit,
                          const std::function<async::Task<void>(std::size_t)>& work);

}  // namespace seekfs::publish
