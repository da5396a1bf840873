// Order of arrival across the objects of a namespace, order of offset within an object.
#include "fetch/fetch_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace seekfs::fetch {

FetchQueue::ObjectId FetchQueue::id_of(const PageRequest& request) {
  const objectstore::ObjectRef& object = request.source->object;
  return {object.key, object.if_match, object.version_id};
}

void FetchQueue::push(PageJob job) {
  const Place place{job.request.object_off(), ++last_sequence_};
  Order& waiting = order(job.purpose);
  const std::string ns = job.request.source->ns;
  const auto home = objects_.try_emplace(id_of(job.request)).first;
  home->second.emplace(place, std::move(job));
  waiting.push(ns, place.sequence, Position{home, place});
}

bool FetchQueue::raise(const PageRequest& request) {
  const auto home = objects_.find(id_of(request));
  if (home == objects_.end()) return false;
  Pending& pending = home->second;
  const std::uint64_t off = request.object_off();
  for (auto each = pending.lower_bound({off, 0}); each != pending.end() && each->first.off == off; ++each) {
    if (each->second.purpose != objectstore::Purpose::prefetch || !(each->second.request.key == request.key)) continue;
    auto job = pending.extract(each);
    const std::string& ns = job.mapped().request.source->ns;
    prefetches_.erase(ns, job.key().sequence);
    job.key().sequence = ++last_sequence_;
    job.mapped().purpose = objectstore::Purpose::demand;
    demands_.push(ns, job.key().sequence, Position{home, job.key()});
    pending.insert(std::move(job));
    return true;
  }
  return false;
}

std::optional<PlannedGet> FetchQueue::pop(objectstore::Purpose permit) {
  if (!demands_.empty()) return take_run(demands_);
  if (permit != objectstore::Purpose::prefetch || prefetches_.empty()) return std::nullopt;
  return take_run(prefetches_);
}

PlannedGet FetchQueue::take_run(Order& waiting) {
  const Position oldest = waiting.next();
  // The planner is shown only what one GET could reach from the oldest page.
  Pending& pending = oldest.object->second;
  auto begin = pending.find(oldest.place);
  auto end = std::next(begin);
  const std::uint64_t low = oldest.place.off - std::min(oldest.place.off, policy_.lead_in_max_bytes);
  const std::uint64_t high = oldest.place.off + policy_.coalesce_max_bytes;
  while (begin != pending.begin() && std::prev(begin)->first.off >= low) --begin;
  while (end != pending.end() && end->first.off < high) ++end;

  std::vector<PendingRange> ranges;
  std::size_t oldest_index = 0;
  for (auto each = begin; each != end; ++each) {
    if (each->first == oldest.place) oldest_index = ranges.size();
    ranges.push_back({.off = each->first.off,
                      .len = each->second.request.key.len,
                      .alone = each->second.second_try || each->second.alone,
                      .prefetch = each->second.purpose == objectstore::Purpose::prefetch});
  }
  const GetPlan plan = plan_get(ranges, oldest_index, policy_);

  PlannedGet get{.object = begin->second.request.source->object,
                 .range = {},
                 .purpose = pending.at(oldest.place).purpose,
                 .jobs = {}};
  auto taken = std::next(begin, static_cast<std::ptrdiff_t>(plan.first));
  get.range.off = taken->first.off;
  for (std::size_t i = 0; i < plan.count; ++i) get.range.len += ranges[plan.first + i].len;
  waiting.charge(get.range.len);
  for (std::size_t i = 0; i < plan.count; ++i) {
    order(taken->second.purpose).erase(taken->second.request.source->ns, taken->first.sequence);
    get.jobs.push_back(std::move(taken->second));
    taken = pending.erase(taken);
  }
  if (pending.empty()) objects_.erase(oldest.object);
  return get;
}

std::vector<PageJob> FetchQueue::take_all(objectstore::Purpose purpose) {
  std::vector<PageJob> jobs;
  for (const Position& position : order(purpose).take_all()) {
    Pending& pending = position.object->second;
    jobs.push_back(std::move(pending.extract(position.place).mapped()));
    if (pending.empty()) objects_.erase(position.object);
  }
  return jobs;
}

}  // namespace seekfs::fetch
