// What other threads tell a transfer thread: commands in order, and a wake-up for a thread that sleeps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "objectstore/s3/curl_transfer.h"
#include "objectstore/s3/socket_poller.h"

namespace seekfs::objectstore::s3 {

struct TransferCommand {
  enum class Kind : std::uint8_t { start, cancel, resume, check_times };
  Kind kind;
  std::shared_ptr<CurlTransfer> transfer;  ///< null: check_times
};

/// Outlives its thread, since handles and timers hold it. Thread-safe.
class TransferInbox {
 public:
  /// False: the thread has ended, or is about to, and takes no more.
  bool post(TransferCommand command);
  /// No more commands after those that are in.
  void close();

  // For the thread.
  /// What post() wakes up; null: a thread in take(true).
  void attach(SocketPoller* poller);
  struct Batch {
    std::vector<TransferCommand> commands;
    bool closed = false;
  };
  /// What has come, perhaps nothing; with `wait` there is something, or it is closed.
  Batch take(bool wait);

 private:
  void wake() SEEKFS_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::vector<TransferCommand> commands_ SEEKFS_GUARDED_BY(mutex_);
  SocketPoller* poller_ SEEKFS_GUARDED_BY(mutex_) = nullptr;
  bool closed_ SEEKFS_GUARDED_BY(mutex_) = false;
};

}  // namespace seekfs::objectstore::s3
