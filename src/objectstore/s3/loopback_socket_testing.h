// One accepted connection of the loopback server: blocking reads and writes, plain or TLS, and the ways of ending it.
#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/mutex.h"

namespace seekfs::objectstore::s3 {

struct LoopbackIdentity;

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTlsContext>;
TlsContext make_tls_context(const LoopbackIdentity& identity);

/// Used by one thread, which must have SIGPIPE blocked; interrupt() by any.
class LoopbackSocket {
 public:
  /// Takes `descriptor`. `tls` null: plain.
  LoopbackSocket(int descriptor, SSL_CTX* tls);
  ~LoopbackSocket();
  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  /// The TLS handshake, where there is one; false when it failed.
  bool handshake();
  /// At least one byte; 0 at the end of the stream and on any error.
  std::size_t read(std::span<char> out);
  /// All of it; false when the peer is gone.
  bool write(std::string_view bytes);
  /// Waits; false, at once, when the peer hung up or interrupt() was called.
  bool wait(std::chrono::milliseconds time);
  /// An orderly close.
  void finish();
  /// A TCP reset, after the peer's kernel has received all that was written.
  void reset();
  /// Everything above fails from now on; what blocks returns.
  void interrupt() SEEKFS_EXCLUDES(mutex_);

 private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  void close() SEEKFS_EXCLUDES(mutex_);

  const int descriptor_;
  std::unique_ptr<SSL, FreeTls> tls_;
  bool broken_ = false;  ///< TLS failed: it must not be shut down in order
  Mutex mutex_;
  bool open_ SEEKFS_GUARDED_BY(mutex_) = true;  ///< interrupt() must not touch a number that may be another's by now
};

}  // namespace seekfs::objectstore::s3
