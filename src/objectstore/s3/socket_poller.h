// What a transfer thread sleeps in: libcurl's sockets, libcurl's timer, and wake-ups by other threads.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>

#include "base/error.h"

namespace seekfs::objectstore::s3 {

/// epoll(7), level-triggered, with a timerfd and an eventfd in it: what a wait costs depends on the sockets that are
/// ready, not on those that are open. Of one thread, except wake().
class SocketPoller {
 public:
  /// `exhausted` when there are no descriptors or no memory.
  static Result<std::unique_ptr<SocketPoller>> open();
  ~SocketPoller();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;

  /// Thread-safe; never blocks. Ends the wait() that is under way, or else the next one.
  void wake() noexcept;

  struct Interest {
    bool reads = false;
    bool writes = false;
  };
  /// Replaces what was asked for of `socket`. `exhausted` as above.
  Status watch(int socket, Interest interest);
  /// Harmless when the socket is not watched, or is closed already.
  void forget(int socket) noexcept;
  /// Replaces the timer; nothing: none. It may also run out early, which costs libcurl a look at its own clock: one
  /// that was to come later is left alone, since every request sets some that never run out.
  void set_timer(std::optional<std::chrono::milliseconds> delay) noexcept;
  /// The timer has run out: true once.
  bool take_timer() noexcept;

  struct Ready {
    int socket;
    bool readable;
    bool writable;
    bool failed;  ///< an error, or the peer hung up
  };
  /// Sleeps until a socket is ready, the timer has run out, or somebody wakes it. The sockets are valid until the next
  /// call; there may be none, and one may be among them that was closed since.
  std::span<const Ready> wait();

 private:
  SocketPoller(int epoll, int timer, int wake) : epoll_(epoll), timer_(timer), wake_(wake) {}
  Status watch_own();

  static constexpr std::size_t max_events = 64;
  const int epoll_;
  const int timer_;
  const int wake_;
  bool timer_out_ = false;
  std::optional<std::chrono::milliseconds> armed_;  ///< the delay with which the timerfd runs
  std::array<epoll_event, max_events> events_{};
  std::array<Ready, max_events> ready_{};
};

}  // namespace seekfs::objectstore::s3
