// One connection's bytes, as everything above the sockets sees them.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>

#include "async/task.h"

namespace seekfs::http {

/// Takes what a connection receives, in plain calls on its reactor's thread.
class ByteSink {
 public:
  /// Where the next bytes are to go: not empty, and valid until take().
  virtual std::span<char> room() = 0;
  /// `count` bytes, more than 0, lie at the start of room(). True: receive more.
  virtual bool take(std::size_t count) noexcept = 0;

 protected:
  ~ByteSink() = default;
};

/// Belongs to one reactor; every call on its thread. At most one read and one wait for writing at a time. Errors are
/// `transient` (the connection is gone) and `cancelled` (by cancel()).
class Stream {
 public:
  virtual ~Stream() = default;

  /// Waits for bytes: their number, 0 at the end of what the peer sends. `out` is not empty and stays until then.
  virtual async::Task<std::size_t> read_some(std::span<char> out) = 0;
  /// Gives all that comes to `sink`, which outlives the wait, until it wants no more (true) or the peer has sent
  /// everything (false). It allocates nothing however many times bytes come: requests that are answered in take() cost
  /// no coroutine.
  virtual async::Task<bool> receive(ByteSink& sink) = 0;
  /// Sends without waiting: the number of bytes that the kernel took, 0 when it takes none now.
  virtual Result<std::size_t> try_write(std::span<const iovec> pieces) = 0;
  /// Waits until the kernel takes bytes: their number, more than 0. `pieces` stay until then.
  virtual async::Task<std::size_t> write_some(std::span<const iovec> pieces) = 0;

  /// Ends the read or wait that is under way with `cancelled`.
  virtual void cancel() noexcept = 0;
  /// No more bytes will follow; those that were taken still arrive.
  virtual void shutdown_write() noexcept = 0;
  /// Closes at once, so that the peer sees a reset instead of a regular end.
  virtual void reset() noexcept = 0;
};

}  // namespace seekfs::http
