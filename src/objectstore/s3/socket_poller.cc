// epoll, timerfd and eventfd.
#include "objectstore/s3/socket_poller.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace seekfs::objectstore::s3 {
namespace {

std::unexpected<Error> exhausted() {
  return std::unexpected(
      Error(ErrorCode::exhausted, std::string("no descriptors to wait for sockets: ") + std::strerror(errno)));
}

/// The count of an eventfd or a timerfd back to zero.
void drain(int descriptor) noexcept {
  std::uint64_t count = 0;
  while (read(descriptor, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<std::unique_ptr<SocketPoller>> SocketPoller::open() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::unique_ptr<SocketPoller> poller(new SocketPoller(epoll, timer, wake));
  if (epoll < 0 || timer < 0 || wake < 0) return exhausted();
  SEEKFS_TRY(poller->watch_own());
  return poller;
}

SocketPoller::~SocketPoller() {
  for (const int descriptor : {wake_, timer_, epoll_}) {
    if (descriptor >= 0) close(descriptor);
  }
}

Status SocketPoller::watch_own() {
  SEEKFS_TRY(watch(timer_, {.reads = true}));
  return watch(wake_, {.reads = true});
}

void SocketPoller::wake() noexcept {
  const std::uint64_t one = 1;
  // EAGAIN: it is awake already.
  while (write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

Status SocketPoller::watch(int socket, Interest interest) {
  epoll_event event{};
  event.events = (interest.reads ? EPOLLIN : 0U) | (interest.writes ? EPOLLOUT : 0U);
  event.data.fd = socket;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0) return {};
  if (errno == EEXIST && epoll_ctl(epoll_, EPOLL_CTL_MOD, socket, &event) == 0) return {};
  return exhausted();
}

void SocketPoller::forget(int socket) noexcept { epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr); }

void SocketPoller::set_timer(std::optional<std::chrono::milliseconds> delay) noexcept {
  timer_out_ = delay && delay->count() <= 0;
  if (timer_out_ || !delay) return;
  // It was armed before this moment with no longer a delay, so it runs out no later.
  if (armed_ && *armed_ <= *delay) return;
  itimerspec when{};
  when.it_value.tv_sec = delay->count() / 1000;
  when.it_value.tv_nsec = delay->count() % 1000 * 1'000'000;
  timerfd_settime(timer_, 0, &when, nullptr);
  armed_ = delay;
}

bool SocketPoller::take_timer() noexcept { return std::exchange(timer_out_, false); }

std::span<const SocketPoller::Ready> SocketPoller::wait() {
  const int count = epoll_wait(epoll_, events_.data(), max_events, timer_out_ ? 0 : -1);
  std::size_t sockets = 0;
  for (int i = 0; i < count; ++i) {
    const int descriptor = events_[i].data.fd;
    const std::uint32_t what = events_[i].events;
    if (descriptor == timer_) {
      drain(timer_);
      armed_.reset();
      timer_out_ = true;
    } else if (descriptor == wake_) {
      drain(wake_);
    } else {
      ready_[sockets++] = {.socket = descriptor,
                           .readable = (what & EPOLLIN) != 0,
                           .writable = (what & EPOLLOUT) != 0,
                           .failed = (what & (EPOLLERR | EPOLLHUP)) != 0};
    }
  }
  return std::span(ready_).first(sockets);
}

}  // namespace seekfs::objectstore::s3
