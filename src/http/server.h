// The HTTP server: listeners, reactors, and the states in which it serves.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "http/parts.h"

namespace seekfs::http {

/// Thread-safe. Everything in `Parts` outlives it.
class Server {
 public:
  /// Binds and serves at once, in the state `starting` (everything answers, /readyz says 503). Errors name the address:
  /// `invalid` for its text, else what the system says.
  static Result<std::unique_ptr<Server>> start(const Parts& parts, ServerOptions options);

  /// stop(), then the end of the reactors.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// The addresses that were bound, in the order of the options, with the ports that were picked.
  const std::vector<std::string>& addresses() const noexcept;
  std::size_t connections() const;

  /// From now on /readyz says 200.
  void set_ready();
  /// Takes no new connections, closes idle ones and lets running requests finish with Connection: close; at `deadline`
  /// those that are left are cut off. Blocks until no connection is left (true) or the deadline has come (false). Not
  /// to be called on a reactor's thread.
  bool drain(env::TimePoint deadline);
  /// Ends every connection and waits for the requests that are under way: those that wait for the reader end when that
  /// wait does, at the latest after ServerOptions::wait on env's clock. No handler runs afterwards; the reactors go on,
  /// since what readers started on them may outlive every reader (PageFetcher::start). Idempotent. Not to be called on
  /// a reactor's thread.
  void stop();

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace seekfs::http
