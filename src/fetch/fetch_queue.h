// Pages that wait to be asked of the object store, grouped by object so that neighbours leave in one GET.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fetch/page_request.h"
#include "fetch/planner.h"

namespace seekfs::fetch {

/// A page on its way from the store, and the memory that it will fill.
struct PageJob {
  PageRequest request;
  MutablePage buffer;
  bool second_try = false;  ///< its first bytes failed the check
};

/// One GET: neighbouring pages of one object, in order.
struct PlannedGet {
  objectstore::ObjectRef object;
  objectstore::ByteRange range;
  std::vector<PageJob> jobs;
};

/// Not thread-safe: its owner guards it.
class FetchQueue {
 public:
  explicit FetchQueue(PlannerPolicy policy) : policy_(policy) {}

  void push(PageJob job);
  /// The GET that covers the page that has waited longest, taken out of the queue; nothing when the queue is empty.
  std::optional<PlannedGet> pop();
  /// Everything, oldest first.
  std::vector<PageJob> take_all();
  bool empty() const noexcept { return order_.empty(); }

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
  PlannedGet take_run(Position oldest);

  PlannerPolicy policy_;
  std::map<ObjectId, Pending> objects_;
  std::map<std::uint64_t, Position> order_;  ///< by sequence: the order of arrival
  std::uint64_t last_sequence_ = 0;
};

}  // namespace seekfs::fetch
