// The queue of a transfer thread.
#include "objectstore/s3/transfer_inbox.h"

#include <utility>

namespace seekfs::objectstore::s3 {

bool TransferInbox::post(TransferCommand command) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  commands_.push_back(std::move(command));
  // The thread takes all at once: a queue that was not empty has woken it already.
  if (commands_.size() == 1) wake();
  return true;
}

void TransferInbox::close() {
  MutexLock lock(mutex_);
  closed_ = true;
  wake();
}

void TransferInbox::attach(SocketPoller* poller) {
  MutexLock lock(mutex_);
  poller_ = poller;
  // What came since the last take() woke nobody: the thread was between the two.
  if (poller != nullptr && (!commands_.empty() || closed_)) wake();
}

TransferInbox::Batch TransferInbox::take(bool wait) {
  MutexLock lock(mutex_);
  while (wait && commands_.empty() && !closed_) changed_.wait(mutex_);
  return {.commands = std::exchange(commands_, {}), .closed = closed_};
}

void TransferInbox::wake() {
  if (poller_ != nullptr) {
    poller_->wake();
  } else {
    changed_.notify_one();
  }
}

}  // namespace seekfs::objectstore::s3
