// The table of hints: ids, limits, expiry. The prefetcher does the work.
#include "reader/hints.h"

#include <boost/asio/post.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "async/running_tasks.h"
#include "base/mutex.h"
#include "reader/hint_prefetcher.h"

namespace seekfs::reader {
namespace {

constexpr std::chrono::milliseconds ask_again_after{5'000};

/// What a hint's list takes in RAM, and how many items it has.
struct ListCost {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
};

ListCost cost_of(const std::vector<HintWindow>& windows) {
  ListCost cost{.items = windows.size(), .bytes = windows.size() * sizeof(HintWindow)};
  for (const HintWindow& window : windows) {
    cost.items += window.ranges.size();
    cost.bytes += window.name.size() + window.ranges.size() * sizeof(HintRange);
  }
  return cost;
}

std::unexpected<Error> throttled(std::string message) {
  Error error(ErrorCode::throttled, std::move(message));
  error.retry_after = ask_again_after;
  return std::unexpected(std::move(error));
}

}  // namespace

class Hints::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(HintsParts parts, HintsOptions options)
      : options_(options),
        parts_(parts),
        share_(std::make_shared<L1Share>(parts.l1.capacity() / 100 * options.l1_share_percent)) {}

  void start();
  Result<HintStatus> add(HintRequest request, VersionRef version);
  Result<HintStatus> find(std::string_view id) const;
  Result<HintStatus> cancel(std::string_view id);
  void shutdown();

  const HintsOptions options_;

 private:
  struct Entry {
    std::shared_ptr<HintRecord> record;
    std::uint64_t list_bytes = 0;  ///< reserved; 0 once the hint has ended
    async::Timers::Id expiry{};
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  Status check(const HintRequest& request, const ListCost& cost) const;
  Status make_room() SEEKFS_REQUIRES(mutex_);
  Result<HintStatus> forget(std::string_view id, std::string detail);
  void expire(const std::string& id);
  void on_end(const HintRecord& record);
  HintStatus status_of(const HintRecord& record) const;

  HintsParts parts_;
  std::shared_ptr<L1Share> share_;
  std::shared_ptr<HintPrefetcher> prefetcher_;
  async::RunningTasks tasks_;

  mutable Mutex mutex_;  ///< taken before a record's own
  Entries entries_ SEEKFS_GUARDED_BY(mutex_);
  std::uint64_t list_bytes_ SEEKFS_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_sequence_ SEEKFS_GUARDED_BY(mutex_) = 0;
  bool closed_ SEEKFS_GUARDED_BY(mutex_) = false;
};

void Hints::Core::start() {
  prefetcher_ =
      std::make_shared<HintPrefetcher>(parts_, options_, [this](const HintRecord& record) { on_end(record); });
  tasks_.begin();
  const auto run = [](std::shared_ptr<Core> self) -> boost::asio::awaitable<void, async::Executor> {
    (void)co_await self->prefetcher_->run();
    self->tasks_.end();
  };
  async::spawn(parts_.background.executor(), run(shared_from_this()));
}

Status Hints::Core::check(const HintRequest& request, const ListCost& cost) const {
  if (request.windows.empty()) return fail(ErrorCode::bad_request, "the hint has no windows");
  if (request.priority > max_priority) {
    return fail(ErrorCode::bad_request, fmt::format("'priority' must be at most {}", max_priority));
  }
  if (request.ttl && (*request.ttl <= env::Duration::zero() || *request.ttl > options_.max_ttl)) {
    return fail(ErrorCode::bad_request, fmt::format("'ttl_ms' must be between 1 and {}", options_.max_ttl.count()));
  }
  if (cost.items > options_.max_items) {
    return fail(ErrorCode::too_large,
                fmt::format("the hint has {} windows and ranges; {} are taken at once: send the rest as another hint",
                            cost.items, options_.max_items));
  }
  return {};
}

/// For one more record: those that have ended give way, the oldest first.
Status Hints::Core::make_room() {
  std::size_t active = 0;
  auto oldest_ended = entries_.end();
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    if (!each->second.record->ended()) {
      ++active;
    } else if (oldest_ended == entries_.end() ||
               each->second.record->sequence() < oldest_ended->second.record->sequence()) {
      oldest_ended = each;
    }
  }
  if (active >= options_.max_active) {
    return throttled(
        fmt::format("{} hints are being prefetched, which is as many as may be: wait for one to end, or "
                    "cancel one",
                    active));
  }
  if (entries_.size() >= options_.max_records && oldest_ended != entries_.end()) {
    parts_.timers.cancel(oldest_ended->second.expiry);
    entries_.erase(oldest_ended);
  }
  return {};
}

Result<HintStatus> Hints::Core::add(HintRequest request, VersionRef version) {
  const ListCost cost = cost_of(request.windows);
  SEEKFS_TRY(check(request, cost));
  const env::TimePoint expires = parts_.timers.clock().now() + request.ttl.value_or(options_.ttl);
  HintStatus status;
  status.id = fmt::format("{:016x}{:016x}", parts_.random.next(), parts_.random.next());
  status.ns = *version.ns;
  status.version = version.manifest->version();
  status.epoch = request.epoch;
  status.priority = request.priority;
  status.items = request.windows.size();
  const std::string id = status.id;
  std::shared_ptr<HintRecord> record;
  {
    MutexLock lock(mutex_);
    if (closed_) return fail(ErrorCode::cancelled, "the daemon is shutting down");
    SEEKFS_TRY(make_room());
    if (list_bytes_ + cost.bytes > options_.max_list_bytes ||
        !parts_.memory.try_reserve(cache::MemoryUse::replies, cost.bytes)) {
      return throttled("there is no memory for the list of this hint now: wait for others to end, or cancel one");
    }
    list_bytes_ += cost.bytes;
    record = std::make_shared<HintRecord>(std::move(status),
                                          HintRecord::Work{std::move(version), std::move(request.windows)}, expires,
                                          ++last_sequence_, share_);
    const auto ring = [weak = weak_from_this(), executor = parts_.background.executor(), id] {
      boost::asio::post(executor, [weak, id] {
        if (const auto self = weak.lock()) self->expire(id);
      });
    };
    entries_.emplace(id, Entry{record, cost.bytes, parts_.timers.schedule(expires, ring)});
    // Under the lock, so that shutdown() sees either no such hint or all of it.
    prefetcher_->add(record);
  }
  return status_of(*record);
}

HintStatus Hints::Core::status_of(const HintRecord& record) const {
  HintStatus status = record.status();
  status.expires_in = std::max(record.expires() - parts_.timers.clock().now(), env::Duration::zero());
  return status;
}

Result<HintStatus> Hints::Core::find(std::string_view id) const {
  std::shared_ptr<HintRecord> record;
  {
    MutexLock lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) return fail(ErrorCode::not_found, "no such hint, or its time was over");
    record = found->second.record;
  }
  return status_of(*record);
}

Result<HintStatus> Hints::Core::cancel(std::string_view id) { return forget(id, "it was cancelled"); }

/// Nobody is left to tell, whether it was still there or was cancelled at this moment.
void Hints::Core::expire(const std::string& id) {
  [[maybe_unused]] const Result<HintStatus> was = forget(id, "its time is over");
}

Result<HintStatus> Hints::Core::forget(std::string_view id, std::string detail) {
  std::shared_ptr<HintRecord> record;
  {
    MutexLock lock(mutex_);
    const auto found = entries_.find(id);
    if (found == entries_.end()) return fail(ErrorCode::not_found, "no such hint, or its time was over");
    Entry& entry = found->second;
    record = entry.record;
    parts_.timers.cancel(entry.expiry);
    parts_.memory.release(cache::MemoryUse::replies, entry.list_bytes);
    list_bytes_ -= entry.list_bytes;
    entries_.erase(found);
  }
  const bool was_active = record->update([&](HintStatus& status) {
    status.state = HintState::cancelled;
    status.detail = std::move(detail);
  });
  if (was_active) prefetcher_->look_again();
  return status_of(*record);
}

void Hints::Core::on_end(const HintRecord& record) {
  MutexLock lock(mutex_);
  for (auto& [id, entry] : entries_) {
    if (entry.record.get() != &record) continue;
    parts_.memory.release(cache::MemoryUse::replies, entry.list_bytes);
    list_bytes_ -= std::exchange(entry.list_bytes, 0);
    return;
  }
}

void Hints::Core::shutdown() {
  {
    MutexLock lock(mutex_);
    if (!closed_) prefetcher_->stop();
    closed_ = true;
  }
  tasks_.wait_for_none();
  MutexLock lock(mutex_);
  for (auto& [id, entry] : entries_) {
    parts_.timers.cancel(entry.expiry);
    parts_.memory.release(cache::MemoryUse::replies, std::exchange(entry.list_bytes, 0));
  }
  list_bytes_ = 0;
}

Hints::Hints(HintsParts parts, HintsOptions options) : core_(std::make_shared<Core>(parts, options)) { core_->start(); }

Hints::~Hints() { core_->shutdown(); }

Result<HintStatus> Hints::add(HintRequest request, VersionRef version) {
  return core_->add(std::move(request), std::move(version));
}
Result<HintStatus> Hints::find(std::string_view id) const { return core_->find(id); }
Result<HintStatus> Hints::cancel(std::string_view id) { return core_->cancel(id); }
void Hints::shutdown() { core_->shutdown(); }
const HintsOptions& Hints::options() const noexcept { return core_->options_; }

}  // namespace seekfs::reader
