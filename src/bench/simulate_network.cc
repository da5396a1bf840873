// Events of the fluid model.
#include "bench/simulate_network.h"

#include <algorithm>
#include <limits>

namespace seekfs::bench {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double one_byte = 1;  ///< nearer than this is there

}  // namespace

SimulatedNetwork::SimulatedNetwork(const NetworkModel& model, std::uint64_t seed)
    : model_(model), random_(env::make_seeded_random(seed)) {}

SimulatedNetwork::Id SimulatedNetwork::send(std::uint64_t bytes) {
  const double share = static_cast<double>(random_->below(1'000'001)) / 1e6;
  const double first_byte = now_ + std::max(0.0, model_.latency + model_.jitter * (2 * share - 1));
  connections_.emplace(++last_id_, Connection{.first_byte = first_byte, .bytes = static_cast<double>(bytes)});
  return last_id_;
}

void SimulatedNetwork::close(Id id) { connections_.erase(id); }

void SimulatedNetwork::expect(Id id, std::uint64_t body_bytes) {
  connections_.at(id).expected = static_cast<double>(body_bytes);
}

void SimulatedNetwork::pause(Id id) {
  Connection& connection = connections_.at(id);
  if (connection.paused) return;
  connection.paused = true;
  connection.read_to = std::min(connection.received, connection.expected);
}

void SimulatedNetwork::resume(Id id) { connections_.at(id).paused = false; }

double SimulatedNetwork::target(const Connection& connection) const {
  return connection.paused ? std::min(connection.bytes, connection.read_to + model_.socket_buffer)
                           : connection.expected;
}

/// Max-min fair: who can't use its share leaves it to the others.
void SimulatedNetwork::share() {
  std::size_t active = 0;
  for (auto& [id, connection] : connections_) {
    const bool receives = connection.first_byte <= now_ && connection.received + one_byte <= target(connection);
    connection.rate = receives ? 1 : 0;
    active += receives ? 1 : 0;
  }
  if (active == 0) return;
  const double rate = std::min(model_.rate_per_connection, model_.bandwidth / static_cast<double>(active));
  for (auto& [id, connection] : connections_) connection.rate *= rate;
}

std::optional<SimulatedNetwork::Id> SimulatedNetwork::next(std::optional<double> until) {
  while (true) {
    for (const auto& [id, connection] : connections_) {
      if (!connection.paused && connection.first_byte <= now_ && connection.received + one_byte > connection.expected) {
        return id;
      }
    }
    if (until && *until <= now_) return std::nullopt;
    share();
    double at = until.value_or(never);
    for (const auto& [id, connection] : connections_) {
      if (connection.first_byte > now_) at = std::min(at, connection.first_byte);
      if (connection.rate > 0) {
        at = std::min(at, now_ + (target(connection) - connection.received) / connection.rate);
      }
    }
    if (at == never) return std::nullopt;
    for (auto& [id, connection] : connections_) {
      const double more = connection.rate * (at - now_);
      connection.received += more;
      total_ += more;
    }
    now_ = at;
  }
}

}  // namespace seekfs::bench
