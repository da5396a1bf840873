// One thread, epoll, and a list of points in time at which bytes are due.
#include "bench/delay_proxy.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "bench/delay_lane.h"
#include "bench/request_counter.h"
#include "bench/tcp_sockets.h"

namespace seekfs::bench {
namespace {

/// What an event is about: a number of a connection, and which of its sockets.
enum class Side : std::uint8_t { client, server };
using Id = std::uint64_t;
constexpr Id listener_id = 0;
constexpr Id metrics_id = 1;
constexpr Id stop_id = 2;
constexpr Id first_connection = 3;

std::uint64_t tag(Id id, Side side) { return id * 2 + static_cast<std::uint64_t>(side); }

/// What all connections count together.
struct Totals {
  RequestCounts requests;
  std::uint64_t to_store = 0;
  std::uint64_t to_clients = 0;
  std::uint64_t connections = 0;
};

std::string metrics_text(const Totals& totals) {
  std::string text;
  for (std::size_t index = 0; index < s3_operation_names.size(); ++index) {
    text += fmt::format("delay_proxy_requests_total{{op=\"{}\"}} {}\n", s3_operation_names[index],
                        totals.requests.requests[index]);
  }
  text += fmt::format("delay_proxy_bytes_total{{direction=\"to_store\"}} {}\n", totals.to_store);
  text += fmt::format("delay_proxy_bytes_total{{direction=\"to_client\"}} {}\n", totals.to_clients);
  text += fmt::format("delay_proxy_connections_total {}\n", totals.connections);
  text += fmt::format("delay_proxy_unreadable_connections_total {}\n", totals.requests.unreadable);
  return text;
}

/// A client, its own connection to the store, and the lane of each direction.
struct Connection {
  Connection(Descriptor from, Descriptor to, Totals& totals)
      : client(std::move(from)), server(std::move(to)), counter(totals.requests) {}

  Descriptor client;
  Descriptor server;
  RequestCounter counter;
  std::optional<DelayLane> up;
  std::optional<DelayLane> down;
  env::TimePoint wake = env::TimePoint::max();
};

/// One who asks for the metrics: its request is read to its end, answered, and the connection ended.
struct Asker {
  Descriptor socket;
  std::string request;
  bool answered = false;

  /// False: it is over.
  bool pump(const Totals& totals) {
    std::array<char, 4096> buffer{};
    for (;;) {
      const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      if (got == 0 || request.size() > buffer.size()) return false;
      request.append(buffer.data(), static_cast<std::size_t>(got));
      if (!answered && request.contains("\r\n\r\n")) answer(totals);
    }
  }

  void answer(const Totals& totals) {
    answered = true;
    const std::string body = metrics_text(totals);
    const std::string reply = fmt::format(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: "
        "close\r\n\r\n{}",
        body.size(), body);
    // It fits into the buffer of a fresh socket.
    ::send(socket.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
    ::shutdown(socket.get(), SHUT_WR);
  }
};

class EpollDelayProxy final : public DelayProxy {
 public:
  EpollDelayProxy(const DelayProxyOptions& options, const env::Clock& clock, env::Random& random)
      : options_(options), clock_(clock), random_(random), upstream_(0), downstream_(options.bandwidth) {}

  Status open() {
    SEEKFS_ASSIGN(store_, resolve(options_.to));
    SEEKFS_ASSIGN(listener_, listen_on_loopback(options_.listen));
    if (!options_.metrics.empty()) {
      SEEKFS_ASSIGN(metrics_, listen_on_loopback(options_.metrics));
    }
    epoll_ = Descriptor(::epoll_create1(EPOLL_CLOEXEC));
    stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    SEEKFS_TRY(watch(listener_.socket, tag(listener_id, Side::client), EPOLLIN));
    SEEKFS_TRY(watch(stop_, tag(stop_id, Side::client), EPOLLIN));
    if (!options_.metrics.empty()) SEEKFS_TRY(watch(metrics_.socket, tag(metrics_id, Side::client), EPOLLIN));
    return {};
  }

  const std::string& address() const override { return listener_.address; }
  const std::string& metrics_address() const override { return metrics_.address; }

  Status run(const std::stop_token& stop) override {
    const std::stop_callback wake_up(stop, [this] { ::eventfd_write(stop_.get(), 1); });
    while (!stop.stop_requested()) SEEKFS_TRY(turn());
    connections_.clear();
    wakes_.clear();
    askers_.clear();
    return {};
  }

 private:
  Status watch(const Descriptor& socket, std::uint64_t about, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.u64 = about}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket.get(), &event) == 0) return {};
    return std::unexpected(error_from_errno(errno, "watch a socket"));
  }

  Status turn() {
    std::array<epoll_event, 256> events{};
    const auto wait = wait_time();
    const int count = ::epoll_pwait2(epoll_.get(), events.data(), events.size(), wait ? &*wait : nullptr, nullptr);
    if (count < 0) {
      if (errno == EINTR) return {};
      return std::unexpected(error_from_errno(errno, "wait for sockets"));
    }
    std::set<Id> touched;
    for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
      const Id id = event.data.u64 / 2;
      if (id == listener_id) {
        accept_all(touched);
      } else if (id == metrics_id) {
        accept_askers();
      } else if (id != stop_id) {
        note(id, static_cast<Side>(event.data.u64 % 2), event.events, touched);
      }
    }
    const env::TimePoint now = clock_.now();
    for (auto wake = wakes_.begin(); wake != wakes_.end() && wake->first <= now; ++wake) touched.insert(wake->second);
    for (const Id id : touched) pump(id);
    return {};
  }

  std::optional<timespec> wait_time() const {
    if (wakes_.empty()) return std::nullopt;
    const auto wait = std::max(wakes_.begin()->first - clock_.now(), env::Duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(wait);
    const std::chrono::nanoseconds rest = wait - seconds;
    return timespec{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
  }

  void accept_all(std::set<Id>& touched) {
    for (Descriptor client = accept_from(listener_.socket); client.get() >= 0; client = accept_from(listener_.socket)) {
      auto server = start_connecting(store_);
      if (!server) continue;  // the client sees its connection end
      const Id id = next_id_++;
      auto connection = std::make_unique<Connection>(std::move(client), std::move(*server), totals_);
      add_lanes(*connection);
      constexpr std::uint32_t changes = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
      if (!watch(connection->client, tag(id, Side::client), changes) ||
          !watch(connection->server, tag(id, Side::server), changes)) {
        continue;
      }
      ++totals_.connections;
      connections_.emplace(id, std::move(connection));
      touched.insert(id);
    }
  }

  void add_lanes(Connection& connection) {
    const auto observe_up = [this, &counter = connection.counter](std::span<const std::byte> bytes) {
      totals_.to_store += bytes.size();
      counter.take(bytes);
    };
    const auto observe_down = [this](std::span<const std::byte> bytes) { totals_.to_clients += bytes.size(); };
    const int client = connection.client.get();
    const int server = connection.server.get();
    connection.up.emplace(DelayLane::Route{client, server, &upstream_, &pool_, observe_up}, one_way(), Wire(0));
    connection.down.emplace(DelayLane::Route{server, client, &downstream_, &pool_, observe_down}, one_way(),
                            Wire(options_.rate_per_connection));
  }

  Delay one_way() { return {env::Duration(options_.latency) / 2, env::Duration(options_.jitter) / 2, random_}; }

  void accept_askers() {
    for (Descriptor socket = accept_from(metrics_.socket); socket.get() >= 0; socket = accept_from(metrics_.socket)) {
      const Id id = next_id_++;
      if (!watch(socket, tag(id, Side::client), EPOLLIN)) continue;
      askers_.emplace(id, Asker{.socket = std::move(socket), .request = {}});
    }
  }

  void note(Id id, Side side, std::uint32_t events, std::set<Id>& touched) {
    if (const auto asker = askers_.find(id); asker != askers_.end()) {
      if (!asker->second.pump(totals_)) askers_.erase(asker);
      return;
    }
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    DelayLane& from = side == Side::client ? *connection.up : *connection.down;
    DelayLane& to = side == Side::client ? *connection.down : *connection.up;
    // What is wrong with a socket its next call says.
    const bool wrong = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if (wrong || (events & (EPOLLIN | EPOLLRDHUP)) != 0) from.may_receive();
    if (wrong || (events & EPOLLOUT) != 0) to.may_send();
    touched.insert(id);
  }

  void pump(Id id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = *found->second;
    wakes_.erase({connection.wake, id});
    const bool sound = connection.up->pump(clock_) && connection.down->pump(clock_);
    if (!sound) reset(connection.client);
    if (!sound) reset(connection.server);
    if (!sound || (connection.up->is_over() && connection.down->is_over())) {
      connections_.erase(found);
      return;
    }
    connection.wake = std::min(connection.up->wake(), connection.down->wake());
    if (connection.wake != env::TimePoint::max()) wakes_.emplace(connection.wake, id);
  }

  /// Closing it then tells its peer that the connection broke, not that it ended.
  static void reset(const Descriptor& socket) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

  DelayProxyOptions options_;
  const env::Clock& clock_;
  env::Random& random_;
  Wire upstream_;
  Wire downstream_;
  sockaddr_in store_{};
  ListeningSocket listener_;
  ListeningSocket metrics_;
  Descriptor epoll_;
  Descriptor stop_;
  Totals totals_;
  PiecePool pool_;
  Id next_id_ = first_connection;
  std::map<Id, std::unique_ptr<Connection>> connections_;
  std::map<Id, Asker> askers_;
  std::set<std::pair<env::TimePoint, Id>> wakes_;  ///< one for each connection that waits for a point in time
};

}  // namespace

Result<std::unique_ptr<DelayProxy>> make_delay_proxy(const DelayProxyOptions& options, const env::Clock& clock,
                                                     env::Random& random) {
  auto proxy = std::make_unique<EpollDelayProxy>(options, clock, random);
  SEEKFS_TRY(proxy->open());
  return proxy;
}

}  // namespace seekfs::bench
