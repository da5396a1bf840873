// Order of arrival across objects, order of offset within one.
#include "fetch/fetch_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace seekfs::fetch {

void FetchQueue::push(PageJob job) {
  const objectstore::ObjectRef& object = job.request.source->object;
  const Place place{job.request.object_off(), ++last_sequence_};
  const auto home = objects_.try_emplace({object.key, object.if_match, object.version_id}).first;
  home->second.emplace(place, std::move(job));
  order_.emplace(place.sequence, Position{home, place});
}

std::optional<PlannedGet> FetchQueue::pop() {
  if (order_.empty()) return std::nullopt;
  return take_run(order_.begin()->second);
}

PlannedGet FetchQueue::take_run(Position oldest) {
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
    ranges.push_back({each->first.off, each->second.request.key.len, each->second.second_try});
  }
  const GetPlan plan = plan_get(ranges, oldest_index, policy_);

  PlannedGet get{.object = begin->second.request.source->object, .range = {}, .jobs = {}};
  auto taken = std::next(begin, static_cast<std::ptrdiff_t>(plan.first));
  get.range.off = taken->first.off;
  for (std::size_t i = 0; i < plan.count; ++i) {
    get.range.len += taken->second.request.key.len;
    order_.erase(taken->first.sequence);
    get.jobs.push_back(std::move(taken->second));
    taken = pending.erase(taken);
  }
  if (pending.empty()) objects_.erase(oldest.object);
  return get;
}

std::vector<PageJob> FetchQueue::take_all() {
  std::vector<PageJob> jobs;
  jobs.reserve(order_.size());
  for (auto& [sequence, position] : order_) {
    jobs.push_back(std::move(position.object->second.at(position.place)));
  }
  order_.clear();
  objects_.clear();
  return jobs;
}

}  // namespace seekfs::fetch
