// Composition of the server, and its end.
#include "http/server.h"

#include <algorithm>

#include "http/listener.h"
#include "http/worker.h"

namespace seekfs::http {

struct Server::State {
  State(const Parts& parts, ServerOptions options) : shared(parts, std::move(options)) {}

  Shared shared;
  /// Shared with the alarm of drain(), which may ring while the server goes.
  std::shared_ptr<ConnectionCount> count = std::make_shared<ConnectionCount>();
  std::vector<std::string> addresses;
  std::vector<std::unique_ptr<Worker>> workers;
  /// Behind the workers, on whose reactors they wait.
  std::vector<std::unique_ptr<ListenerLoop>> listeners;
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::start(const Parts& parts, ServerOptions options) {
  if (options.listen.empty()) return fail(ErrorCode::invalid, "there is no address to listen on");
  std::unique_ptr<Server> server(new Server(std::make_unique<State>(parts, std::move(options))));
  State& state = *server->state_;
  std::vector<Listener> bound;
  for (const std::string& text : state.shared.options.listen) {
    SEEKFS_ASSIGN(const Address address, parse_address(text));
    SEEKFS_ASSIGN(Listener listener, listen_on(address, state.shared.options.socket_access));
    state.addresses.push_back(listener.address.to_string());
    bound.push_back(std::move(listener));
  }
  const std::size_t threads = std::max<std::size_t>(state.shared.options.threads, 1);
  for (std::size_t i = 0; i < threads; ++i) {
    state.workers.push_back(std::make_unique<Worker>("http-" + std::to_string(i), state.shared, *state.count));
  }
  std::vector<Worker*> dealt;
  dealt.reserve(threads);
  for (const auto& worker : state.workers) dealt.push_back(worker.get());
  for (Listener& listener : bound) {
    SEEKFS_ASSIGN(auto loop, ListenerLoop::start(state.shared, *state.count, dealt, std::move(listener)));
    state.listeners.push_back(std::move(loop));
  }
  return server;
}

Server::~Server() { stop(); }

void Server::stop() {
  state_->shared.state = ServingState::draining;
  for (const auto& listener : state_->listeners) listener->stop();
  // A connection may be on its way to its worker while these are posted; it finds the server draining.
  for (const auto& worker : state_->workers) worker->drain();
  for (const auto& worker : state_->workers) worker->abort();
  while (!state_->count->wait_for_none()) {
  }
}

const std::vector<std::string>& Server::addresses() const noexcept { return state_->addresses; }

std::size_t Server::connections() const { return state_->count->value(); }

void Server::set_ready() {
  ServingState starting = ServingState::starting;
  state_->shared.state.compare_exchange_strong(starting, ServingState::ready);
}

bool Server::drain(env::TimePoint deadline) {
  state_->shared.state = ServingState::draining;
  for (const auto& listener : state_->listeners) listener->stop();
  for (const auto& worker : state_->workers) worker->drain();
  async::Timers& timers = state_->shared.parts.timers;
  const async::Timers::Id alarm = timers.schedule(deadline, [count = state_->count] { count->give_up(); });
  const bool none_left = state_->count->wait_for_none();
  timers.cancel(alarm);
  if (!none_left) {
    for (const auto& worker : state_->workers) worker->abort();
  }
  return none_left;
}

}  // namespace seekfs::http
