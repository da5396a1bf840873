// The daemon's planner in a simulation: FetchQueue, RunOn and TailPolicy are its own; only what does I/O around them is
// modelled.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "bench/simulate_engine.h"
#include "fetch/far_behind.h"
#include "fetch/fetch_queue.h"
#include "fetch/recent_demand.h"
#include "fetch/run_on.h"
#include "fetch/tail_policy.h"
#include "fetch/usefulness.h"

namespace seekfs::bench {
namespace {

using fetch::PageJob;
using fetch::PageRequest;
using fetch::TailPolicy;
using objectstore::Purpose;

/// A file in pages of one size.
class Pages final : public fetch::PageTable {
 public:
  Pages(std::uint64_t size, std::uint32_t page_size, std::uint64_t file) : size_(size), page_size_(page_size) {
    key_.bytes[0] = static_cast<std::byte>(file & 0xFFU);
    key_.bytes[1] = static_cast<std::byte>(file >> 8U & 0xFFU);
    key_.bytes[2] = static_cast<std::byte>(file >> 16U & 0xFFU);
  }
  std::uint32_t page_count() const override {
    return static_cast<std::uint32_t>((size_ + page_size_ - 1) / page_size_);
  }
  Row row(std::uint32_t page_id) const override {
    const std::uint64_t off = std::uint64_t{page_id} * page_size_;
    const auto len = static_cast<std::uint32_t>(std::min<std::uint64_t>(page_size_, size_ - off));
    return {.key = {.file = key_, .page_id = page_id, .off = off, .len = len}, .crc32c = 0};
  }

 private:
  std::uint64_t size_;
  std::uint32_t page_size_;
  manifest::FileKey key_;
};

env::Duration duration_of(double seconds) {
  return std::chrono::duration_cast<env::Duration>(std::chrono::duration<double>(seconds));
}

enum class Place : std::uint8_t { away, on_its_way, cached };

struct PageState {
  Place place = Place::away;
  bool unread_run_on = false;
  bool has_own_get = false;
  SimulatedNetwork::Id get = 0;  ///< that brings it, once it is sent
  std::vector<std::size_t> readers;
};

struct File {
  std::shared_ptr<const fetch::PageSource> source;
  std::vector<PageState> pages;
};

struct Get {
  fetch::PlannedGet plan;
  std::size_t current = 0;
  std::uint64_t received = 0;  ///< whole pages
  TailPolicy::Id tail = 0;
  double sent = 0;
};

class PlannerClient final : public SimulatedClient {
 public:
  PlannerClient(const Trace& trace, const SimulationOptions& options, const fetch::RunOnPolicy& policy,
                SimulatedNetwork& network)
      : options_(options),
        policy_(policy),
        network_(network),
        planner_{.coalesce_max_bytes = options.coalesce_max_bytes, .lead_in_max_bytes = options.coalesce_max_bytes / 8},
        queue_(planner_),
        usefulness_(policy.prior),
        pending_(trace.threads.size()) {
    for (std::uint64_t file = 0; file < trace.file_sizes.size(); ++file) add_file(trace.file_sizes[file], file);
  }

  void read(std::size_t reader, const Trace::Read& read, Done& done) override;
  void arrived(SimulatedNetwork::Id connection, Done& done) override;
  std::optional<double> next_due() const override {
    const auto due = tails_.next_due();
    if (!due) return std::nullopt;
    return std::chrono::duration<double>(due->time_since_epoch()).count();
  }
  void on_time(Done&) override { resume_due(); }

 private:
  env::TimePoint now() const {
    return env::TimePoint(std::chrono::ceil<env::Duration>(std::chrono::duration<double>(network_.now())));
  }
  void add_file(std::uint64_t size, std::uint64_t number);
  PageState& state(const PageRequest& request);
  void join(PageState& page, const File& file, std::uint32_t page_id);
  void send_gets();
  void run_on(fetch::PlannedGet& plan);
  void note_demand(const fetch::PlannedGet& plan);
  bool readers_wait(const Get& get);
  void go_on(SimulatedNetwork::Id id);
  void end(SimulatedNetwork::Id id);
  void resume_due();
  void wake(PageState& page, Done& done);

  const SimulationOptions& options_;
  const fetch::RunOnPolicy policy_;
  SimulatedNetwork& network_;
  const fetch::PlannerPolicy planner_;
  fetch::FetchQueue queue_;
  fetch::Usefulness usefulness_;
  fetch::RecentDemand demand_;
  TailPolicy tails_{{}};
  std::vector<File> files_;
  std::map<std::string, std::uint64_t> file_numbers_;
  std::map<SimulatedNetwork::Id, Get> gets_in_flight_;
  std::map<SimulatedNetwork::Id, PageState*> own_gets_;  ///< for pages that are far behind
  std::map<TailPolicy::Id, SimulatedNetwork::Id> by_tail_;
  std::vector<std::size_t> pending_;  ///< pages that each reader waits for
  std::uint64_t used_ = 0;            ///< run-on pages that were read
};

void PlannerClient::add_file(std::uint64_t size, std::uint64_t number) {
  auto pages = std::make_shared<Pages>(size, options_.page_size, number);
  auto source = std::make_shared<fetch::PageSource>();
  source->object.key = fmt::format("file-{}", number);
  file_numbers_[source->object.key] = number;
  File& file = files_.emplace_back();
  file.pages.resize(pages->page_count());
  source->pages = std::move(pages);
  file.source = std::move(source);
}

PageState& PlannerClient::state(const PageRequest& request) {
  return files_[file_numbers_.at(request.source->object.key)].pages[request.key.page_id];
}

void PlannerClient::read(std::size_t reader, const Trace::Read& read, Done& done) {
  File& file = files_[read.file];
  for (std::uint64_t id = read.off / options_.page_size; id <= (read.off + read.len - 1) / options_.page_size; ++id) {
    PageState& page = file.pages[id];
    if (page.place == Place::cached) {
      if (std::exchange(page.unread_run_on, false)) usefulness_.observe(++used_, 0);
      continue;
    }
    page.readers.push_back(reader);
    ++pending_[reader];
    if (page.place == Place::on_its_way) {
      if (page.get != 0) join(page, file, static_cast<std::uint32_t>(id));
      continue;
    }
    page.place = Place::on_its_way;
    const auto row = file.source->pages->row(static_cast<std::uint32_t>(id));
    PageJob job;
    job.request = {.key = row.key, .crc32c = 0, .source = file.source};
    queue_.push(std::move(job));
  }
  if (pending_[reader] == 0) done.push_back(reader);
  send_gets();
  resume_due();
}

/// A reader has joined a page that a GET is bringing.
void PlannerClient::join(PageState& page, const File& file, std::uint32_t page_id) {
  const Get& get = gets_in_flight_.at(page.get);
  tails_.raise(get.tail);
  const auto key = file.source->pages->row(page_id).key;
  const double elapsed = network_.now() - get.sent - options_.network.latency;
  const fetch::GetPace pace{.received = get.received, .elapsed = duration_of(elapsed)};
  const std::uint64_t before = key.off + key.len - get.plan.range.off - get.received;
  if (page.has_own_get ||
      !fetch::is_far_behind(before, pace, duration_of(options_.network.latency), policy_.patience)) {
    return;
  }
  page.has_own_get = true;
  const SimulatedNetwork::Id id = network_.send(key.len);
  network_.expect(id, key.len);
  own_gets_[id] = &page;
  ++gets_;
}

void PlannerClient::send_gets() {
  while (gets_in_flight_.size() < options_.max_inflight_gets) {
    auto plan = queue_.pop(Purpose::demand);
    if (!plan) break;
    run_on(*plan);
    note_demand(*plan);
    const SimulatedNetwork::Id id = network_.send(plan->range.len);
    network_.expect(id, plan->jobs.front().request.key.len);
    for (const PageJob& job : plan->jobs) state(job.request).get = id;
    const TailPolicy::Id tail = tails_.begin(file_numbers_.at(plan->object.key), true);
    by_tail_[tail] = id;
    gets_in_flight_.emplace(id, Get{.plan = std::move(*plan), .tail = tail, .sent = network_.now()});
    ++gets_;
  }
}

void PlannerClient::run_on(fetch::PlannedGet& plan) {
  if (gets_in_flight_.size() + 1 >= options_.max_inflight_gets && !queue_.empty(Purpose::demand)) return;
  const PageRequest& last = plan.jobs.back().request;
  const fetch::RunOn run(policy_, plan.range.len, planner_.coalesce_max_bytes, usefulness_.probability(),
                         demand_.density(plan.object.key, last.object_off(), now()));
  const auto is_free = [this](const PageRequest& request) { return state(request).place == Place::away; };
  const auto keep = [this, is_free](const PageRequest& request) {
    if (!is_free(request)) return false;
    state(request).place = Place::on_its_way;
    return true;
  };
  const auto keep_with_memory = [keep](const PageRequest& request) -> std::optional<MutablePage> {
    if (!keep(request)) return std::nullopt;
    return MutablePage{};
  };
  fetch::extend(plan, run, policy_.lead_in_max_bytes,
                {.is_free = is_free, .keep = keep, .keep_with_memory = keep_with_memory});
}

/// What a GET brings on demand counts for later GETs, not for itself.
void PlannerClient::note_demand(const fetch::PlannedGet& plan) {
  for (const PageJob& job : plan.jobs) {
    if (!job.run_on) demand_.note(plan.object.key, job.request.object_off(), job.request.key.len, now());
  }
}

bool PlannerClient::readers_wait(const Get& get) {
  return std::any_of(get.plan.jobs.begin() + static_cast<std::ptrdiff_t>(get.current), get.plan.jobs.end(),
                     [this](const PageJob& job) { return !state(job.request).readers.empty(); });
}

void PlannerClient::arrived(SimulatedNetwork::Id connection, Done& done) {
  if (const auto own = own_gets_.extract(connection)) {
    network_.close(connection);
    own.mapped()->place = Place::cached;
    wake(*own.mapped(), done);
    return;
  }
  Get& get = gets_in_flight_.at(connection);
  const PageJob& job = get.plan.jobs[get.current];
  PageState& page = state(job.request);
  page.unread_run_on = job.run_on && page.readers.empty() && page.place != Place::cached;
  page.place = Place::cached;
  if (job.run_on && !page.readers.empty()) usefulness_.observe(++used_, 0);
  wake(page, done);
  get.received += job.request.key.len;
  ++get.current;
  tails_.page_done(get.tail, readers_wait(get));
  if (get.current == get.plan.jobs.size()) {
    end(connection);
  } else {
    network_.expect(connection, get.received + get.plan.jobs[get.current].request.key.len);
    go_on(connection);
  }
  send_gets();
  resume_due();
}

void PlannerClient::wake(PageState& page, Done& done) {
  for (const std::size_t reader : std::exchange(page.readers, {})) {
    if (--pending_[reader] == 0) done.push_back(reader);
  }
}

/// Asks whether a GET goes on with its next page.
void PlannerClient::go_on(SimulatedNetwork::Id id) {
  Get& get = gets_in_flight_.at(id);
  const auto step = tails_.next_page(
      get.tail, {.wanted = readers_wait(get), .speculative = get.plan.jobs[get.current].run_on}, now());
  switch (step) {
    case TailPolicy::Step::run: network_.resume(id); break;
    case TailPolicy::Step::pause: network_.pause(id); break;
    case TailPolicy::Step::end: end(id); break;
  }
}

void PlannerClient::end(SimulatedNetwork::Id id) {
  const auto get = gets_in_flight_.find(id);
  for (std::size_t i = get->second.current; i < get->second.plan.jobs.size(); ++i) {
    PageState& page = state(get->second.plan.jobs[i].request);
    if (page.place != Place::cached) page.place = Place::away;
    page.get = 0;
  }
  by_tail_.erase(get->second.tail);
  tails_.end(get->second.tail);
  network_.close(id);
  gets_in_flight_.erase(get);
}

void PlannerClient::resume_due() {
  for (const TailPolicy::Id tail : tails_.due(now())) {
    const auto found = by_tail_.find(tail);
    if (found != by_tail_.end()) go_on(found->second);
  }
}

}  // namespace

SimulationOutcome simulate_policy(const Trace& trace, const SimulationOptions& options, std::string name,
                                  const fetch::RunOnPolicy& policy) {
  SimulatedNetwork network(options.network, options.seed);
  PlannerClient client(trace, options, policy, network);
  return run_trace(trace, network, client, std::move(name));
}

}  // namespace seekfs::bench
