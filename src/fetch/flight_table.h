// The pages that are on their way, and who waits for each: the one table that makes many readers of a page cost one
// read.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "async/promise.h"
#include "base/mutex.h"
#include "base/page.h"
#include "fetch/far_behind.h"
#include "fetch/page_request.h"

namespace seekfs::fetch {

/// 64 shards, each with a short mutex. Thread-safe. A page is in flight from the join() that returned first = true
/// until complete(), fail() or a drop_if_unwanted(); whoever was first sees to it that one of them happens. A kept page
/// is wanted although nobody waits for it. Two GETs may bring a page, after leave_ride(): the first that has it
/// completes the flight, only the last that fails ends it in an error. So a page may have come elsewhere while its GET
/// goes on, and be in flight again; `flight` tells which flight is meant, 0 whichever there is.
class FlightTable {
 public:
  using Arrival = async::Promise<PageArrival>;
  struct Joined {
    Arrival arrival;
    std::uint64_t waiter = 0;
    bool first = false;   ///< nobody was waiting: the caller starts the read
    bool raised = false;  ///< on demand, and so far the page was only prefetched
  };

  /// Adds a waiter for the page: `demand`, or only a prefetch.
  Joined join(const manifest::PageKey& key, bool demand = true);
  /// The same. A page whose memory is allocated only when its bytes come takes `buffer` of the first who joins it, so
  /// that it does not fail for want of memory when somebody waits.
  Joined join(const manifest::PageKey& key, bool demand, MutablePage& buffer);
  enum class Memory : std::uint8_t { allocated, when_it_comes };
  /// Puts a page that nobody waits for in flight, kept: true. False: it is in flight already, and nothing was changed.
  bool keep(const manifest::PageKey& key, Memory memory = Memory::allocated);
  /// Where the page lies in a GET under way.
  struct Ride {
    std::shared_ptr<GetProgress> get;
    std::uint64_t end = 0;    ///< of the page, in bytes from the GET's first
    std::uint32_t index = 0;  ///< of the page, among the GET's
    bool lone = false;        ///< the GET brings no other page
  };
  /// The page is brought by this GET, which is told of the readers who wait for it or join it. Returns the flight; 0
  /// when there is none.
  std::uint64_t board(const manifest::PageKey& key, Ride ride, std::uint64_t flight = 0);
  /// That GET. Nothing when there is none, or after leave_ride().
  std::optional<Ride> ride(const manifest::PageKey& key) const;
  /// The page is fetched by a GET of its own, too. Returns the flight; 0: another caller has said so, or it has come.
  std::uint64_t leave_ride(const manifest::PageKey& key);
  /// A GET ends without the page. True: another one brings it, or it has come. False: the caller's is the only one, and
  /// stays so: it asks for the page again, or fails it.
  bool leave_to_other(const manifest::PageKey& key, std::uint64_t flight);
  /// What one who joined left for the page's bytes; empty when nobody did.
  MutablePage take_buffer(const manifest::PageKey& key);
  /// The page has memory: who joins from here on keeps its own. Returns what one who joined has left before.
  MutablePage has_memory(const manifest::PageKey& key);
  /// The waiter has gone; its promise stays unset unless the page is completing at this moment.
  void leave(const manifest::PageKey& key, std::uint64_t waiter);
  /// Whether a reader has ever joined the page while it was on its way; false also when it is not.
  bool demanded(const manifest::PageKey& key) const;
  bool contains(const manifest::PageKey& key) const;
  /// Whether a reader on demand waits, and one has joined the page when its GET was under way.
  bool joined_late(const manifest::PageKey& key, std::uint64_t flight) const;
  /// Whether a reader on demand waits for the page at this moment.
  bool waited_for(const manifest::PageKey& key) const;
  /// Ends the flight if nobody waits for it any more and it is not kept. True: so it did, or the flight had ended.
  bool drop_if_unwanted(const manifest::PageKey& key, std::uint64_t flight = 0);
  /// The same for a kept one, which was only an attempt.
  bool drop_if_nobody_waits(const manifest::PageKey& key, std::uint64_t flight = 0);
  /// Ends the flight and gives every waiter the result; an error as fail() does.
  void complete(const manifest::PageKey& key, const Result<PageArrival>& result);
  /// One GET ends with this error. The last one that brings the page ends the flight and gives every waiter the error.
  void fail(const manifest::PageKey& key, std::uint64_t flight, Error error);

  std::size_t size() const;

 private:
  struct Waiter {
    std::uint64_t id;
    bool demand;
    Arrival arrival;
  };
  struct Flight {
    std::uint64_t id = 0;
    std::uint32_t gets = 1;  ///< that bring it, or are about to
    std::vector<Waiter> waiters;
    bool demanded = false;
    bool kept = false;
    bool late = false;
    std::optional<Ride> ride;
    bool lacks_memory = false;  ///< `buffer` is taken from the first who joins
    MutablePage buffer;
  };
  using Flights = std::unordered_map<manifest::PageKey, Flight, manifest::PageKeyHash>;
  struct Shard {
    mutable Mutex mutex;
    Flights flights SEEKFS_GUARDED_BY(mutex);
    std::uint64_t last_id SEEKFS_GUARDED_BY(mutex) = 0;  ///< of a waiter or a flight
  };
  bool drop(const manifest::PageKey& key, std::uint64_t flight, bool kept_too);
  static bool is(const Flight& flight, std::uint64_t id) noexcept { return id == 0 || flight.id == id; }
  static void tell(const Flights::node_type& ended, const Result<PageArrival>& result);
  Shard& shard(const manifest::PageKey& key) { return shards_[mix(key) >> 58U]; }
  const Shard& shard(const manifest::PageKey& key) const { return shards_[mix(key) >> 58U]; }

  std::array<Shard, 64> shards_;
};

}  // namespace seekfs::fetch
