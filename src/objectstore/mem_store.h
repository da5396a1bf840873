// Objects in memory: for tests and for the shape of the contract.
#pragma once

#include <memory>

#include "env/clock.h"
#include "objectstore/object_store.h"

namespace seekfs::objectstore {

/// `clock` dates the objects and outlives the store.
std::unique_ptr<ObjectStore> make_mem_store(env::Clock& clock);

}  // namespace seekfs::objectstore
