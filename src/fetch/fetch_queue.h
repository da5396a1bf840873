// Pages that wait to be asked of the object store, grouped by object so that neighbours leave in one GET. Namespaces
// take turns.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fetch/fair_order.h"
#include "fetch/page_request.h"
#include "fetch/planner.h"

namespace seekfs::fetch {

/// A page on its way from the store, and the memory that it will fill.
struct PageJob {
  PageRequest request;
  MutablePage buffer;
  objectstore::Purpose purpose = objectstore::Purpose::demand;  ///< or prefetch: no reader waits for it
  bool keep_in_l1 = true;    ///< also when no reader has asked for it by the time it is there
  bool run_on = false;       ///< nobody asked for it: its GET brings it along
  bool alone = false;        ///< its GET brings no other page
  bool second_try = false;   ///< its first bytes failed the check
  std::uint64_t flight = 0;  ///< which flight of the page it belongs to: FlightTable::board(), leave_ride()
};

/// One GET: neighbouring pages of one object, in order.
struct PlannedGet {
  objectstore::ObjectRef object;
  objectstore::ByteRange range;
  objectstore::Purpose purpose = objectstore::Purpose::demand;  ///< of its oldest page
  std::vector<PageJob> jobs;
};

/// Not thread-safe: its owner guards it.
class FetchQueue {
 public:
  explicit FetchQueue(PlannerPolicy policy) : policy_(policy) {}

  void push(PageJob job);
  /// A reader waits for a page that was pushed as a prefetch: it goes behind the pages on demand. False: it is not
  /// here.
  bool raise(const PageRequest& request);
  /// The GET that covers the page on demand that has waited longest in the namespace whose turn it is (FairOrder),
  /// taken out of the queue; with a permit to prefetch, and no page on demand, the prefetch that has. Nothing when
  /// there is none.
  std::optional<PlannedGet> pop(objectstore::Purpose permit);
  /// A GET of this namespace asks for so many bytes more than it was popped with.
  void charge_more(objectstore::Purpose purpose, const std::string& ns, std::uint64_t bytes) {
    order(purpose).charge_more(ns, bytes);
  }
  /// Everything of one purpose, oldest first.
  std::vector<PageJob> take_all(objectstore::Purpose purpose);
  bool empty(objectstore::Purpose purpose) const noexcept { return order(purpose).empty(); }

 private:
  /// Which object in which state; jobs of different states never share a GET.
  struct ObjectId {
    std::string key;
    std::optional<std::string> if_match;
    std::optional<std::string> version_id;
    auto operator<=>(const ObjectId&) const = default;
  };
  struct Place {
    std::uint64_t off = 0;
    std::uint64_t sequence = 0;
    auto operator<=>(const Place&) const = default;
  };
  using Pending = std::map<Place, PageJob>;
  struct Position {
    std::map<ObjectId, Pending>::iterator object;
    Place place;
  };
  using Order = FairOrder<Position>;  ///< by namespace and sequence: the order of arrival
  Order& order(objectstore::Purpose purpose) noexcept {
    return purpose == objectstore::Purpose::prefetch ? prefetches_ : demands_;
  }
  const Order& order(objectstore::Purpose purpose) const noexcept {
    return purpose == objectstore::Purpose::prefetch ? prefetches_ : demands_;
  }
  static ObjectId id_of(const PageRequest& request);
  PlannedGet take_run(Order& waiting);

  PlannerPolicy policy_;
  std::map<ObjectId, Pending> objects_;
  Order demands_;
  Order prefetches_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace seekfs::fetch
