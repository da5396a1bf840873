// One direction of a connection through the delaying proxy: receives, holds until it is due, sends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "bench/delay.h"
#include "env/clock.h"

namespace seekfs::bench {

/// Memory of pieces, used again. One thread at a time.
class PiecePool {
 public:
  using Buffer = std::array<std::byte, 65'536>;
  std::unique_ptr<Buffer> take();
  void give_back(std::unique_ptr<Buffer> buffer);

 private:
  std::vector<std::unique_ptr<Buffer>> free_;
};

/// Bytes from one non-blocking socket to another, in their order. Holds at most 16 MiB or 1,024 pieces, then it
/// receives nothing until some have left: what the sender's kernel does not get rid of is the sender's. The sockets,
/// the pool and the shared wire outlive it. One thread at a time.
class DelayLane {
 public:
  struct Route {
    int from = -1;
    int to = -1;
    Wire* shared = nullptr;  ///< of all connections in this direction
    PiecePool* pool = nullptr;
    /// Sees all bytes as they are received.
    std::function<void(std::span<const std::byte>)> observe;
  };
  DelayLane(Route route, Delay delay, Wire own) : route_(std::move(route)), delay_(delay), own_(own) {}

  /// What epoll said of `from` and of `to`.
  void may_receive() { readable_ = true; }
  void may_send() { writable_ = true; }
  /// Receives, and sends what is due. False: one of the sockets is broken.
  bool pump(const env::Clock& clock);
  /// When pump has something to do though no socket says so; TimePoint::max() for never.
  env::TimePoint wake() const;
  /// The source has ended, all bytes were sent and so was the end.
  bool is_over() const { return over_; }

 private:
  struct Piece {
    std::unique_ptr<PiecePool::Buffer> buffer;
    std::size_t begin = 0;
    std::size_t end = 0;
    env::TimePoint due;
  };

  bool receive(const env::Clock& clock);
  bool receive_piece(env::TimePoint now);
  bool send(env::TimePoint now);
  bool has_room() const;
  env::TimePoint wires_free() const;

  Route route_;
  Delay delay_;
  Wire own_;
  std::deque<Piece> held_;
  std::size_t held_bytes_ = 0;
  bool readable_ = false;
  bool writable_ = false;
  bool ended_ = false;
  bool over_ = false;
  env::TimePoint end_due_;                         ///< once ended
  env::TimePoint resume_ = env::TimePoint::max();  ///< when to receive again though nothing happened
};

}  // namespace seekfs::bench
