// Reading objects whole by several GETs at once: ranges arrive side by side and are handed on in order.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "async/task.h"
#include "async/thread_pool.h"
#include "base/units.h"
#include "objectstore/object_store.h"
#include "publish/byte_budget.h"

namespace seekfs::publish {

struct RangedReaderOptions {
  std::uint64_t range_bytes = 8 * MiB;  ///< of one GET; > 0
  /// Of all ranges, whatever the object, that are being fetched or wait to be handed on. One thread hashes about 500
  /// MB/s and one connection to S3 brings about 80 MB/s, so an object alone needs some ranges at once.
  std::uint64_t memory = 128 * MiB;
};

/// Its coroutines run on one thread and share the memory. Nothing of it is under way when all of its reads have ended.
class RangedReader {
 public:
  /// Called in order, one at a time for an object, on a thread of the pool; may block.
  using Consume = std::function<void(std::span<const std::byte>)>;

  /// `store` and `pool` outlive it.
  RangedReader(objectstore::ObjectStore& store, async::ThreadPool& pool, RangedReaderOptions options)
      : store_(store), pool_(pool), options_(options), memory_(options.memory) {}

  /// The bytes of `part` of the object, each GET under the object's condition and version; of no bytes a HEAD. What the
  /// object was, by the last GET; source_changed when GETs found it in different states, invalid when it ends before
  /// `part` does, what the store says, cancelled after stop(). The first error ends the ranges that are under way.
  async::Task<objectstore::ObjectInfo> read(objectstore::ObjectRef object, objectstore::ByteRange part,
                                            Consume consume);

  /// Every transfer ends at its next byte and none begins, every read ends with an error.
  void stop() { stopped_ = true; }

 private:
  struct Range;
  class Window;

  objectstore::ObjectStore& store_;
  async::ThreadPool& pool_;
  const RangedReaderOptions options_;
  ByteBudget memory_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace seekfs::publish
