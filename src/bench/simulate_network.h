// A store behind a network, as arithmetic: GETs that begin after a latency and then share the bandwidth.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "env/random.h"

namespace seekfs::bench {

/// Times in seconds, rates in bytes a second.
struct NetworkModel {
  double latency = 0.020;  ///< from a GET to its first byte
  double jitter = 0.005;   ///< more or less than that, uniformly
  double bandwidth = 900e6;
  double rate_per_connection = 400e6;
  /// What the kernel goes on receiving for a connection from which nobody reads.
  double socket_buffer = 4e6;
};

/// A fluid model: between two events each connection receives at its fair share of the bandwidth (max-min fair, within
/// the rate of a connection). Virtual time; deterministic for a seed. Not thread-safe.
class SimulatedNetwork {
 public:
  using Id = std::uint64_t;

  SimulatedNetwork(const NetworkModel& model, std::uint64_t seed);

  double now() const noexcept { return now_; }
  /// Sends a GET for so many bytes, whose first one comes a latency from now.
  Id send(std::uint64_t bytes);
  void close(Id id);
  /// The event of this connection is when so many bytes of its body have been read; must grow.
  void expect(Id id, std::uint64_t body_bytes);
  /// Nobody reads; the kernel receives what its buffer holds.
  void pause(Id id);
  void resume(Id id);
  std::uint64_t received_bytes() const noexcept { return static_cast<std::uint64_t>(total_); }

  /// Moves time to the next moment at which a connection has what it expects, and names it; nothing when none will, or
  /// when `until` comes first, which is then the time.
  std::optional<Id> next(std::optional<double> until);

 private:
  struct Connection {
    double first_byte = 0;
    double bytes = 0;
    double received = 0;  ///< by the kernel
    double expected = 0;
    double read_to = 0;  ///< what was read before it was paused
    bool paused = false;
    double rate = 0;
  };
  /// How far the connection receives before something changes.
  double target(const Connection& connection) const;
  void share();

  const NetworkModel model_;
  std::unique_ptr<env::Random> random_;
  std::map<Id, Connection> connections_;
  Id last_id_ = 0;
  double now_ = 0;
  double total_ = 0;
};

}  // namespace seekfs::bench
