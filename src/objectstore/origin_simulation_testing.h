// Many processes, each with a gate of its own, before one model of an origin: on virtual time, on the caller's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "env/clock.h"
#include "env/random.h"
#include "objectstore/origin_gate.h"

namespace seekfs::objectstore {

/// What the origin does from a point in virtual time on.
struct OriginWeather {
  enum class Kind : std::uint8_t {
    healthy,     ///< answers `per_second` requests and throttles the others
    throttling,  ///< throttles all
    failing,     ///< fails all, at once
  };
  Kind kind = Kind::healthy;
  double per_second = 1e9;
  std::optional<env::Duration> retry_after;  ///< what a throttling answer asks for
};

/// Readers of one process: each reads one object after the other; a read that failed is repeated when its error allows.
struct SimulatedLoad {
  std::size_t readers = 16;
  std::uint64_t reads = UINT64_MAX;  ///< of all readers together; then they stop
};

class OriginSimulation {
 public:
  OriginSimulation(std::size_t clients, SimulatedLoad load, std::uint64_t seed);

  void set(const OriginWeather& weather);
  /// Runs for so much virtual time.
  void run(env::Duration duration);

  struct Second {
    std::uint64_t arrived = 0;  ///< requests at the origin
    std::uint64_t served = 0;
  };
  /// By virtual second since the start; the last one may be under way.
  const std::vector<Second>& by_second() const { return seconds_; }
  /// The sums over [from, to).
  Second sum(std::size_t from, std::size_t to) const;
  /// Reads that each client has finished.
  std::vector<std::uint64_t> finished() const;
  /// The second in which the last read ended; nothing while some are left.
  std::optional<std::size_t> all_finished_in() const;
  std::uint64_t in_flight() const;

 private:
  struct Client {
    std::unique_ptr<OriginGate> gate;
    std::uint64_t reads_left;
    std::uint64_t finished = 0;
  };
  struct Read {
    Client* client;
    OriginGate::Permit permit;
    OriginGate::RetryToken paid;
    env::TimePoint sent;
    unsigned attempt = 1;
  };
  struct Reply {
    OriginAnswer answer;
    env::Duration latency;
    std::optional<env::Duration> retry_after;
  };

  void next_read(Client& client);
  void start_read(Client& client);
  void send(std::shared_ptr<Read> read);
  void on_reply(const std::shared_ptr<Read>& read, const Reply& reply);
  void read_again(Client& client, env::Duration pause);
  Reply origin_answers();
  Second& this_second();
  env::TimePoint now() const { return clock_.now(); }
  double random();

  const SimulatedLoad load_;
  env::ManualClock clock_;
  async::Timers timers_{clock_};
  MetricsRegistry metrics_;
  std::unique_ptr<env::Random> random_;
  const env::TimePoint start_ = clock_.now();
  OriginWeather weather_;
  TokenBucket capacity_{start_};
  std::vector<Second> seconds_;
  std::deque<Client> clients_;
};

}  // namespace seekfs::objectstore
