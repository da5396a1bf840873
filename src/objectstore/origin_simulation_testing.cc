// The readers' loop, the retries of an S3 client, and the origin's answers.
#include "objectstore/origin_simulation_testing.h"

#include <algorithm>
#include <utility>

namespace seekfs::objectstore {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned max_attempts = 3;
constexpr env::Duration transient_base = milliseconds(100);
constexpr env::Duration throttled_base = seconds(1);
constexpr env::Duration longest_pause = seconds(20);
/// What a reader waits when its error says nothing of it: hardly anything, the worst case for the origin.
constexpr env::Duration impatient = milliseconds(10);
/// What the daemon's replies ask for when the origin throttles.
constexpr env::Duration after_throttling = seconds(1);

}  // namespace

OriginSimulation::OriginSimulation(std::size_t clients, SimulatedLoad load, std::uint64_t seed)
    : load_(load), random_(env::make_seeded_random(seed)) {
  for (std::size_t i = 0; i < clients; ++i) {
    const OriginGate::Limits limits{.breaker = true, .jitter_seed = random_->next()};
    clients_.push_back({std::make_unique<OriginGate>(limits, timers_, metrics_), load.reads});
  }
}

double OriginSimulation::random() { return static_cast<double>(random_->below(1'000'000)) / 1e6; }

void OriginSimulation::set(const OriginWeather& weather) {
  weather_ = weather;
  capacity_.set_rate(weather.per_second, now());
}

void OriginSimulation::run(env::Duration duration) {
  if (seconds_.empty()) {
    for (Client& client : clients_) {
      for (std::size_t i = 0; i < load_.readers; ++i) read_again(client, milliseconds(1 + random_->below(50)));
    }
  }
  clock_.advance(duration);
}

OriginSimulation::Second& OriginSimulation::this_second() {
  const auto index = static_cast<std::size_t>((now() - start_) / seconds(1));
  if (seconds_.size() <= index) seconds_.resize(index + 1);
  return seconds_[index];
}

OriginSimulation::Reply OriginSimulation::origin_answers() {
  Second& second = this_second();
  ++second.arrived;
  const env::Duration quick = milliseconds(2 + random_->below(4));
  switch (weather_.kind) {
    case OriginWeather::Kind::failing: return {OriginAnswer::transient, quick, std::nullopt};
    case OriginWeather::Kind::throttling: return {OriginAnswer::throttled, quick, weather_.retry_after};
    case OriginWeather::Kind::healthy: break;
  }
  if (!capacity_.take(now())) return {OriginAnswer::throttled, quick, weather_.retry_after};
  ++second.served;
  return {OriginAnswer::success, milliseconds(30 + random_->below(40)), std::nullopt};
}

void OriginSimulation::next_read(Client& client) {
  if (client.reads_left == 0) return;
  --client.reads_left;
  start_read(client);
}

void OriginSimulation::read_again(Client& client, env::Duration pause) {
  timers_.schedule(now() + pause, [this, &client] { next_read(client); });
}

void OriginSimulation::start_read(Client& client) {
  client.gate->acquire(Purpose::demand, [this, &client](Result<OriginGate::Permit> permit) {
    if (permit) {
      send(std::make_shared<Read>(&client, std::move(*permit)));
      return;
    }
    ++client.reads_left;
    read_again(client, *permit.error().retry_after);
  });
}

void OriginSimulation::send(std::shared_ptr<Read> read) {
  read->sent = now();
  const Reply reply = origin_answers();
  timers_.schedule(now() + reply.latency, [this, read = std::move(read), reply] { on_reply(read, reply); });
}

void OriginSimulation::on_reply(const std::shared_ptr<Read>& read, const Reply& reply) {
  Client& client = *read->client;
  OriginGate& gate = *client.gate;
  gate.report(reply.answer, read->sent, std::exchange(read->paid, {}));
  if (reply.answer == OriginAnswer::success) {
    ++client.finished;
    const OriginGate::Permit done = std::move(read->permit);
    read_again(client, milliseconds(1));
    return;
  }
  const bool throttled = reply.answer == OriginAnswer::throttled;
  const auto token = read->attempt < max_attempts
                         ? gate.take_retry(throttled ? RetryKind::throttled : RetryKind::transient)
                         : std::nullopt;
  const auto give_up = [this, &client, throttled] {
    ++client.reads_left;
    read_again(client, throttled ? after_throttling : impatient);
  };
  if (!token) {
    const OriginGate::Permit done = std::move(read->permit);
    give_up();
    return;
  }
  const env::Duration longest =
      std::min(longest_pause, (throttled ? throttled_base : transient_base) * (1U << (read->attempt - 1)));
  env::Duration pause =
      milliseconds(1 + static_cast<std::int64_t>(random() * static_cast<double>(longest / milliseconds(1))));
  if (reply.retry_after) pause = std::clamp(*reply.retry_after, pause, pause + seconds(5));
  ++read->attempt;
  read->paid = *token;
  timers_.schedule(now() + pause, [this, read, give_up] {
    read->client->gate->acquire_retry(Purpose::demand, [this, read, give_up](Status status) {
      if (status) {
        send(read);
        return;
      }
      const OriginGate::Permit done = std::move(read->permit);
      give_up();
    });
  });
}

OriginSimulation::Second OriginSimulation::sum(std::size_t from, std::size_t to) const {
  Second total;
  for (std::size_t i = from; i < std::min(to, seconds_.size()); ++i) {
    total.arrived += seconds_[i].arrived;
    total.served += seconds_[i].served;
  }
  return total;
}

std::vector<std::uint64_t> OriginSimulation::finished() const {
  std::vector<std::uint64_t> each;
  for (const Client& client : clients_) each.push_back(client.finished);
  return each;
}

std::optional<std::size_t> OriginSimulation::all_finished_in() const {
  for (const Client& client : clients_) {
    if (client.finished < load_.reads) return std::nullopt;
  }
  return seconds_.size() - 1;
}

std::uint64_t OriginSimulation::in_flight() const {
  std::uint64_t total = 0;
  for (const Client& client : clients_) total += client.gate->in_flight();
  return total;
}

}  // namespace seekfs::objectstore
