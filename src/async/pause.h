// A pause of a coroutine.
#pragma once

#include "async/promise.h"
#include "async/task.h"
#include "async/timers.h"

namespace seekfs::async {

/// Resumes at `when` by the clock of `timers`. Never fails.
inline Task<void> pause_until(Timers& timers, env::TimePoint when) {
  const Promise<void> over;
  timers.schedule(when, [over] { over.set({}); });
  co_return co_await over.wait();
}

}  // namespace seekfs::async
