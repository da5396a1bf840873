// A thread that waits for signals.
#include "bench/interrupts.h"

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace seekfs::bench {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  return set;
}

void wait_for_signal(const std::stop_token& over, std::stop_source source) {
  constexpr timespec look_up{.tv_sec = 0, .tv_nsec = 100'000'000};
  const sigset_t set = ending_signals();
  while (!over.stop_requested()) {
    if (::sigtimedwait(&set, nullptr, &look_up) < 0) continue;
    source.request_stop();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    return;
  }
}

}  // namespace

Interrupts::Interrupts() {
  const sigset_t set = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::jthread([source = source_](const std::stop_token& over) { wait_for_signal(over, source); });
}

Interrupts::~Interrupts() {
  thread_.request_stop();
  thread_.join();
  const sigset_t set = ending_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace seekfs::bench
