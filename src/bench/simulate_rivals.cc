// What the planner is compared with: whole windows, and no cache.
#include <algorithm>
#include <map>
#include <utility>

#include "bench/simulate_engine.h"

namespace seekfs::bench {
namespace {

class PlainClient final : public SimulatedClient {
 public:
  explicit PlainClient(SimulatedNetwork& network) : network_(network) {}

  void read(std::size_t reader, const Trace::Read& read, Done&) override {
    const SimulatedNetwork::Id id = network_.send(read.len);
    network_.expect(id, read.len);
    readers_[id] = reader;
    ++gets_;
  }
  void arrived(SimulatedNetwork::Id connection, Done& done) override {
    done.push_back(readers_.at(connection));
    readers_.erase(connection);
    network_.close(connection);
  }

 private:
  SimulatedNetwork& network_;
  std::map<SimulatedNetwork::Id, std::size_t> readers_;
};

class WindowClient final : public SimulatedClient {
 public:
  WindowClient(const Trace& trace, std::uint64_t window_bytes, SimulatedNetwork& network)
      : trace_(trace), window_bytes_(window_bytes), network_(network), pending_(trace.threads.size()) {}

  void read(std::size_t reader, const Trace::Read& read, Done& done) override;
  void arrived(SimulatedNetwork::Id connection, Done& done) override;

 private:
  using Name = std::pair<std::uint64_t, std::uint64_t>;  ///< file and number
  struct Window {
    std::uint64_t size = 0;
    std::uint64_t received = 0;
    std::multimap<std::uint64_t, std::size_t> readers;  ///< by the byte that each waits for
  };
  void expect_next(SimulatedNetwork::Id id, const Window& window) {
    network_.expect(id, window.readers.empty() ? window.size : window.readers.begin()->first);
  }

  const Trace& trace_;
  const std::uint64_t window_bytes_;
  SimulatedNetwork& network_;
  std::map<Name, Window> windows_;
  std::map<SimulatedNetwork::Id, Name> names_;
  std::map<Name, SimulatedNetwork::Id> connections_;
  std::vector<std::size_t> pending_;  ///< windows that each reader waits for
};

void WindowClient::read(std::size_t reader, const Trace::Read& read, Done& done) {
  const std::uint64_t end = read.off + read.len;
  for (std::uint64_t number = read.off / window_bytes_; number * window_bytes_ < end; ++number) {
    const Name name{read.file, number};
    const std::uint64_t begin = number * window_bytes_;
    const auto [place, added] = windows_.try_emplace(name);
    Window& window = place->second;
    if (added) {
      window.size = std::min(window_bytes_, trace_.file_sizes[read.file] - begin);
      const SimulatedNetwork::Id id = network_.send(window.size);
      names_[id] = name;
      connections_[name] = id;
      ++gets_;
    }
    const std::uint64_t wanted = std::min(end - begin, window.size);
    if (window.received >= wanted) continue;
    window.readers.emplace(wanted, reader);
    ++pending_[reader];
    expect_next(connections_.at(name), window);
  }
  if (pending_[reader] == 0) done.push_back(reader);
}

void WindowClient::arrived(SimulatedNetwork::Id connection, Done& done) {
  Window& window = windows_.at(names_.at(connection));
  window.received = window.readers.empty() ? window.size : window.readers.begin()->first;
  while (!window.readers.empty() && window.readers.begin()->first <= window.received) {
    const std::size_t reader = window.readers.begin()->second;
    window.readers.erase(window.readers.begin());
    if (--pending_[reader] == 0) done.push_back(reader);
  }
  if (window.received == window.size) {
    connections_.erase(names_.at(connection));
    names_.erase(connection);
    network_.close(connection);
  } else {
    expect_next(connection, window);
  }
}

}  // namespace

SimulationOutcome simulate_windows(const Trace& trace, const SimulationOptions& options, std::string name,
                                   std::uint64_t window_bytes) {
  SimulatedNetwork network(options.network, options.seed);
  WindowClient client(trace, window_bytes, network);
  return run_trace(trace, network, client, std::move(name));
}

SimulationOutcome simulate_plain(const Trace& trace, const SimulationOptions& options) {
  SimulatedNetwork network(options.network, options.seed);
  PlainClient client(network);
  return run_trace(trace, network, client, "plain GETs");
}

}  // namespace seekfs::bench
