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
/// until complete() or a drop_if_unwanted() that returned true; whoever was first sees to it that one of them happens.
/// A kept page is wanted although nobody waits for it.
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
    std::shared_ptr<const GetProgress> get;
    std::uint64_t end = 0;  ///< of the page, in bytes from the GET's first
  };
  /// The page is brought by this GET.
  void board(const manifest::PageKey& key, Ride ride);
  /// That GET. Nothing when there is none, or after leave_ride().
  std::optional<Ride> ride(const manifest::PageKey& key) const;
  /// The page is fetched by a GET of its own, too. False: another caller has said so, or it has come.
  bool leave_ride(const manifest::PageKey& key);
  /// What one who joined left for the page's bytes; empty when nobody did.
  MutablePage take_buffer(const manifest::PageKey& key);
  /// The waiter has gone; its promise stays unset unless the page is completing at this moment.
  void leave(const manifest::PageKey& key, std::uint64_t waiter);
  /// Whether a reader has ever joined the page while it was on its way; false also when it is not.
  bool demanded(const manifest::PageKey& key) const;
  bool contains(const manifest::PageKey& key) const;
  /// Whether a reader on demand waits for the page at this moment.
  bool waited_for(const manifest::PageKey& key) const;
  /// Ends the flight if nobody waits for it any more and it is not kept.
  bool drop_if_unwanted(const manifest::PageKey& key);
  /// The same for a kept one, which was only an attempt.
  bool drop_if_nobody_waits(const manifest::PageKey& key);
  /// Ends the flight and gives every waiter the result.
  void complete(const manifest::PageKey& key, const Result<PageArrival>& result);

  std::size_t size() const;

 private:
  struct Waiter {
    std::uint64_t id;
    bool demand;
    Arrival arrival;
  };
  struct Flight {
    std::vector<Waiter> waiters;
    bool demanded = false;
    bool kept = false;
    std::optional<Ride> ride;
    bool lacks_memory = false;  ///< `buffer` is taken from the first who joins
    MutablePage buffer;
  };
  using Flights = std::unordered_map<manifest::PageKey, Flight, manifest::PageKeyHash>;
  struct Shard {
    mutable Mutex mutex;
    Flights flights SEEKFS_GUARDED_BY(mutex);
    std::uint64_t last_waiter SEEKFS_GUARDED_BY(mutex) = 0;
  };
  bool drop(const manifest::PageKey& key, bool kept_too);
  Shard& shard(const manifest::PageKey& key) { return shards_[mix(key) >> 58U]; }
  const Shard& shard(const manifest::PageKey& key) const { return shards_[mix(key) >> 58U]; }

  std::array<Shard, 64> shards_;
};

}  // namespace seekfs::fetch
