// The object store that the configuration names, built once and owned in one place.
#pragma once

#include <memory>

#include "app/config/config.h"
#include "async/thread_pool.h"
#include "base/error.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "objectstore/object_store.h"

namespace seekfs::app {

/// What stores are built from; all outlive the store.
struct StoreParts {
  env::FileSystem& files;
  env::Clock& clock;
  env::Random& random;
  async::ThreadPool& pool;  ///< where a store on disk blocks
};

enum class StoreRoot : std::uint8_t {
  must_exist,  ///< an fs root that is not there is a store that is away
  create,      ///< publishing creates it
};

/// The store of [store], with its prefix. `invalid` when no store was chosen (the message shows how) or this build
/// lacks it.
Result<std::unique_ptr<objectstore::ObjectStore>> make_store(const Config& config, StoreParts parts,
                                                             StoreRoot root = StoreRoot::must_exist);

}  // namespace seekfs::app
