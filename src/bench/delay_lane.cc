// Receiving and sending by non-blocking calls; the caller waits.
#include "bench/delay_lane.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/units.h"

namespace seekfs::bench {
namespace {

constexpr std::size_t max_held_bytes = 16 * MiB;
constexpr std::size_t max_held_pieces = 1024;
/// Then the other connections have their turn.
constexpr int pieces_a_turn = 8;
/// On a limited wire: small pieces, and as many at once as this time takes, since waking up takes time, too.
constexpr std::size_t limited_piece = 16 * KiB;
constexpr std::chrono::milliseconds wire_burst{2};

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

std::unique_ptr<PiecePool::Buffer> PiecePool::take() {
  if (free_.empty()) return std::make_unique_for_overwrite<Buffer>();
  auto buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

void PiecePool::give_back(std::unique_ptr<Buffer> buffer) { free_.push_back(std::move(buffer)); }

bool DelayLane::pump(const env::Clock& clock) { return receive(clock) && send(clock.now()); }

env::TimePoint DelayLane::wires_free() const { return std::max(own_.busy_until(), route_.shared->busy_until()); }

bool DelayLane::has_room() const { return held_bytes_ < max_held_bytes && held_.size() < max_held_pieces; }

bool DelayLane::receive(const env::Clock& clock) {
  resume_ = env::TimePoint::max();
  for (int piece = 0; readable_ && !ended_ && has_room(); ++piece) {
    const env::TimePoint now = clock.now();
    if (wires_free() > now + wire_burst) {
      resume_ = wires_free() - wire_burst;
      return true;
    }
    if (piece == pieces_a_turn) {
      resume_ = now;
      return true;
    }
    if (!receive_piece(now)) return false;
  }
  return true;
}

bool DelayLane::receive_piece(env::TimePoint now) {
  auto buffer = route_.pool->take();
  const bool limited = own_.is_limited() || route_.shared->is_limited();
  const ssize_t got = ::recv(route_.from, buffer->data(), limited ? limited_piece : buffer->size(), 0);
  if (got <= 0) {
    route_.pool->give_back(std::move(buffer));
    if (got < 0) {
      readable_ = readable_ && errno == EINTR;
      return errno == EINTR || would_block();
    }
    ended_ = true;
    end_due_ = delay_.due(std::max(now, wires_free()));
    return true;
  }
  const auto size = static_cast<std::size_t>(got);
  if (route_.observe) route_.observe(std::span(*buffer).first(size));
  const env::TimePoint passed = std::max(own_.pass(now, size), route_.shared->pass(now, size));
  held_bytes_ += size;
  held_.push_back({.buffer = std::move(buffer), .end = size, .due = delay_.due(passed)});
  return true;
}

bool DelayLane::send(env::TimePoint now) {
  while (writable_ && !held_.empty() && held_.front().due <= now) {
    Piece& piece = held_.front();
    const ssize_t sent = ::send(route_.to, piece.buffer->data() + piece.begin, piece.end - piece.begin, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      writable_ = false;
      return would_block();
    }
    piece.begin += static_cast<std::size_t>(sent);
    held_bytes_ -= static_cast<std::size_t>(sent);
    if (piece.begin < piece.end) continue;
    route_.pool->give_back(std::move(piece.buffer));
    held_.pop_front();
    if (readable_ && !ended_ && resume_ > now) resume_ = std::max(now, wires_free() - wire_burst);
  }
  if (ended_ && !over_ && held_.empty() && end_due_ <= now) {
    over_ = true;
    // Where the other side has gone already there is nobody to tell.
    ::shutdown(route_.to, SHUT_WR);
  }
  return true;
}

env::TimePoint DelayLane::wake() const {
  env::TimePoint wake = resume_;
  if (writable_ && !held_.empty()) wake = std::min(wake, held_.front().due);
  if (ended_ && !over_ && held_.empty()) wake = std::min(wake, end_due_);
  return wake;
}

}  // namespace seekfs::bench
