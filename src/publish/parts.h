// What everything in this room works with, passed in by whoever composes the program.
#pragma once

#include "async/thread_pool.h"
#include "base/log.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "objectstore/object_store.h"

namespace seekfs::publish {

/// All outlive the objects that are built from them. The code of this room blocks: it runs on the caller's thread and
/// on `pool`, never on a reactor, and `pool` is not the pool that an fs store runs on (each would wait for the other).
struct Parts {
  objectstore::ObjectStore& store;
  env::FileSystem& files;
  env::Clock& clock;
  env::Random& random;
  async::ThreadPool& pool;
  Logger& log;
};

}  // namespace seekfs::publish
