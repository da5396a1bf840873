// Readers in closed loops on a virtual clock, over one way of fetching.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bench/simulate.h"

namespace seekfs::bench {

/// One way of fetching, as the engine drives it. Readers are numbers.
class SimulatedClient {
 public:
  /// Who has read to its end.
  using Done = std::vector<std::size_t>;

  virtual ~SimulatedClient() = default;
  /// A reader wants these bytes; it is in `done` at once when they are cached, else later.
  virtual void read(std::size_t reader, const Trace::Read& read, Done& done) = 0;
  /// The connection has what was expected of it.
  virtual void arrived(SimulatedNetwork::Id connection, Done& done) = 0;
  /// When it wants on_time() although nothing arrives.
  virtual std::optional<double> next_due() const { return std::nullopt; }
  virtual void on_time(Done&) {}
  std::uint64_t gets() const noexcept { return gets_; }

 protected:
  std::uint64_t gets_ = 0;
};

/// Runs the trace to its end.
SimulationOutcome run_trace(const Trace& trace, SimulatedNetwork& network, SimulatedClient& client, std::string name);

}  // namespace seekfs::bench
