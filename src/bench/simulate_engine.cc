// The loop: readers who may go on, then the next event.
#include "bench/simulate_engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace seekfs::bench {
namespace {

struct Reader {
  std::size_t next = 0;  ///< read
  double since = 0;      ///< when the read that it waits for began
  bool waits = false;
};

}  // namespace

SimulationOutcome run_trace(const Trace& trace, SimulatedNetwork& network, SimulatedClient& client, std::string name) {
  SimulationOutcome outcome{.name = std::move(name)};
  std::vector<Reader> readers(trace.threads.size());
  std::uint64_t left = trace.reads();
  SimulatedClient::Done done;
  while (left > 0) {
    std::optional<double> until = client.next_due();
    for (std::size_t i = 0; i < readers.size(); ++i) {
      Reader& reader = readers[i];
      if (reader.waits || reader.next == trace.threads[i].size()) continue;
      const Trace::Read& read = trace.threads[i][reader.next];
      if (read.not_before > network.now()) {
        until = std::min(until.value_or(read.not_before), read.not_before);
        continue;
      }
      reader.since = network.now();
      reader.waits = true;
      client.read(i, read, done);
    }
    if (done.empty()) {
      if (const auto connection = network.next(until)) {
        client.arrived(*connection, done);
      } else if (until) {
        client.on_time(done);
      } else {
        break;
      }
    }
    for (const std::size_t i : std::exchange(done, {})) {
      Reader& reader = readers[i];
      outcome.latencies.record(static_cast<std::uint64_t>(std::llround((network.now() - reader.since) * 1e9)));
      reader.waits = false;
      ++reader.next;
      --left;
    }
  }
  outcome.reads = outcome.latencies.count();
  outcome.gets = client.gets();
  outcome.seconds = network.now();
  outcome.received_bytes = network.received_bytes();
  return outcome;
}

}  // namespace seekfs::bench
