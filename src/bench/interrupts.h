// SIGINT and SIGTERM as a stop token, so that a run ends between two reads and still reports.
#pragma once

#include <stop_token>
#include <thread>

namespace seekfs::bench {

/// While it lives, the first of these signals requests a stop; a second one ends the program at once. To be made before
/// any other thread, which inherits that both signals are blocked.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  std::stop_token token() const noexcept { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::jthread thread_;
};

}  // namespace seekfs::bench
