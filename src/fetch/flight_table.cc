// Joining, leaving and completing; promises are set after the shard's lock is given back.
#include "fetch/flight_table.h"

#include <algorithm>

namespace seekfs::fetch {

FlightTable::Joined FlightTable::join(const manifest::PageKey& key, bool demand) {
  MutablePage none;
  return join(key, demand, none);
}

FlightTable::Joined FlightTable::join(const manifest::PageKey& key, bool demand, MutablePage& buffer) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto [flight, created] = home.flights.try_emplace(key);
  Flight& joined_flight = flight->second;
  if (created) joined_flight.id = ++home.last_id;
  Joined joined{.arrival = {},
                .waiter = ++home.last_id,
                .first = created,
                .raised = demand && !created && !joined_flight.demanded};
  joined_flight.waiters.push_back({joined.waiter, demand, joined.arrival});
  joined_flight.demanded = joined_flight.demanded || demand;
  if (demand && joined_flight.ride) {
    joined_flight.ride->get->reader_joined(joined_flight.ride->index);
    joined_flight.late = true;
  }
  if (joined_flight.lacks_memory && buffer) {
    joined_flight.buffer = std::move(buffer);
    joined_flight.lacks_memory = false;
  }
  return joined;
}

bool FlightTable::keep(const manifest::PageKey& key, Memory memory) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto [flight, created] = home.flights.try_emplace(key);
  if (created) {
    flight->second.id = ++home.last_id;
    flight->second.kept = true;
    flight->second.lacks_memory = memory == Memory::when_it_comes;
  }
  return created;
}

std::uint64_t FlightTable::board(const manifest::PageKey& key, Ride ride, std::uint64_t id) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  if (flight == home.flights.end() || !is(flight->second, id)) return 0;
  if (std::ranges::any_of(flight->second.waiters, &Waiter::demand)) ride.get->reader_joined(ride.index);
  flight->second.ride = std::move(ride);
  return flight->second.id;
}

std::optional<FlightTable::Ride> FlightTable::ride(const manifest::PageKey& key) const {
  const Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  return flight == home.flights.end() ? std::nullopt : flight->second.ride;
}

std::uint64_t FlightTable::leave_ride(const manifest::PageKey& key) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  if (flight == home.flights.end() || !flight->second.ride || flight->second.ride->lone) return 0;
  flight->second.ride.reset();
  ++flight->second.gets;
  return flight->second.id;
}

bool FlightTable::leave_to_other(const manifest::PageKey& key, std::uint64_t flight) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto found = home.flights.find(key);
  if (found == home.flights.end() || !is(found->second, flight)) return true;
  if (found->second.gets == 1) {
    found->second.ride.reset();
    return false;
  }
  --found->second.gets;
  return true;
}

MutablePage FlightTable::take_buffer(const manifest::PageKey& key) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  return flight == home.flights.end() ? MutablePage() : std::move(flight->second.buffer);
}

MutablePage FlightTable::has_memory(const manifest::PageKey& key) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  if (flight == home.flights.end()) return {};
  flight->second.lacks_memory = false;
  return std::move(flight->second.buffer);
}

bool FlightTable::contains(const manifest::PageKey& key) const {
  const Shard& home = shard(key);
  MutexLock lock(home.mutex);
  return home.flights.contains(key);
}

bool FlightTable::waited_for(const manifest::PageKey& key) const {
  const Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  return flight != home.flights.end() && std::ranges::any_of(flight->second.waiters, &Waiter::demand);
}

bool FlightTable::joined_late(const manifest::PageKey& key, std::uint64_t flight) const {
  const Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto found = home.flights.find(key);
  return found != home.flights.end() && is(found->second, flight) && found->second.late &&
         std::ranges::any_of(found->second.waiters, &Waiter::demand);
}

bool FlightTable::demanded(const manifest::PageKey& key) const {
  const Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  return flight != home.flights.end() && flight->second.demanded;
}

void FlightTable::leave(const manifest::PageKey& key, std::uint64_t waiter) {
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto flight = home.flights.find(key);
  if (flight == home.flights.end()) return;
  std::erase_if(flight->second.waiters, [waiter](const Waiter& each) { return each.id == waiter; });
}

bool FlightTable::drop_if_unwanted(const manifest::PageKey& key, std::uint64_t flight) {
  return drop(key, flight, false);
}

bool FlightTable::drop_if_nobody_waits(const manifest::PageKey& key, std::uint64_t flight) {
  return drop(key, flight, true);
}

bool FlightTable::drop(const manifest::PageKey& key, std::uint64_t flight, bool kept_too) {
  Flights::node_type ended;  // its memory goes back after the lock
  Shard& home = shard(key);
  MutexLock lock(home.mutex);
  const auto found = home.flights.find(key);
  if (found == home.flights.end() || !is(found->second, flight)) return true;
  if (!found->second.waiters.empty() || (found->second.kept && !kept_too)) return false;
  ended = home.flights.extract(found);
  return true;
}

void FlightTable::complete(const manifest::PageKey& key, const Result<PageArrival>& result) {
  if (!result) {
    fail(key, 0, result.error());
    return;
  }
  Flights::node_type ended;
  {
    Shard& home = shard(key);
    MutexLock lock(home.mutex);
    ended = home.flights.extract(key);
  }
  tell(ended, result);
}

void FlightTable::fail(const manifest::PageKey& key, std::uint64_t flight, Error error) {
  Flights::node_type ended;
  {
    Shard& home = shard(key);
    MutexLock lock(home.mutex);
    const auto found = home.flights.find(key);
    if (found == home.flights.end() || !is(found->second, flight) || --found->second.gets > 0) return;
    ended = home.flights.extract(found);
  }
  tell(ended, std::unexpected(std::move(error)));
}

void FlightTable::tell(const Flights::node_type& ended, const Result<PageArrival>& result) {
  if (ended.empty()) return;
  for (const Waiter& waiter : ended.mapped().waiters) waiter.arrival.set(result);
}

std::size_t FlightTable::size() const {
  std::size_t total = 0;
  for (const Shard& each : shards_) {
    MutexLock lock(each.mutex);
    total += each.flights.size();
  }
  return total;
}

}  // namespace seekfs::fetch
