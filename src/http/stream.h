// One connection's bytes, as everything above the sockets sees them.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

#include "async/task.h"

namespace seekfs::http {

/// Belongs to one reactor; every call on its thread. At most one read and one wait for writing at a time. Errors are
/// `transient` (the connection is gone) and `cancelled` (by cancel()).
class Stream {
 public:
  virtual ~Stream() = default;

  /// Waits for bytes: their number, 0 at the end of what the peer sends. `out` is not empty and stays until then.
  virtual async::Task<std::size_t> read_some(std::span<char> out) = 0;
  /// Sends without waiting: the number of bytes that the kernel took, 0 when it takes none now.
  virtual Result<std::size_t> try_write(std::span<const iovec> pieces) = 0;
  virtual async::Task<void> wait_writable() = 0;

  /// Ends the read or wait that is under way with `cancelled`.
  virtual void cancel() noexcept = 0;
  /// No more bytes will follow; those that were taken still arrive.
  virtual void shutdown_write() noexcept = 0;
  /// Closes at once, so that the peer sees a reset instead of a regular end.
  virtual void reset() noexcept = 0;
};

}  // namespace seekfs::http
