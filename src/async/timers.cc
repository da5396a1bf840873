// Deadlines in order of time over one alarm of the clock.
#include "async/timers.h"

#include <map>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace seekfs::async {

/// Lock order: this mutex, then the clock's own (Alarm::set). The clock rings without holding its lock.
struct Timers::State {
  struct Key {
    env::TimePoint when;
    Id id;
    auto operator<=>(const Key&) const = default;
  };
  using Ring = std::move_only_function<void()>;

  mutable Mutex mutex;
  std::map<Key, Ring> due SEEKFS_GUARDED_BY(mutex);
  std::map<Id, env::TimePoint> by_id SEEKFS_GUARDED_BY(mutex);
  Id last_id SEEKFS_GUARDED_BY(mutex) = 0;
  env::Alarm* alarm SEEKFS_GUARDED_BY(mutex) = nullptr;

  void rearm() SEEKFS_REQUIRES(mutex) {
    if (alarm != nullptr && !due.empty()) alarm->set(due.begin()->first.when);
  }

  void ring_due(env::TimePoint now) {
    std::vector<Ring> ready;
    {
      MutexLock lock(mutex);
      while (!due.empty() && due.begin()->first.when <= now) {
        by_id.erase(due.begin()->first.id);
        ready.push_back(std::move(due.begin()->second));
        due.erase(due.begin());
      }
      rearm();
    }
    for (Ring& ring : ready) ring();
  }
};

Timers::Timers(env::Clock& clock) : clock_(clock), state_(std::make_shared<State>()) {
  alarm_ = clock.make_alarm([state = state_, &clock] { state->ring_due(clock.now()); });
  MutexLock lock(state_->mutex);
  state_->alarm = alarm_.get();
}

Timers::~Timers() {
  {
    MutexLock lock(state_->mutex);
    state_->alarm = nullptr;
  }
  alarm_.reset();
}

Timers::Id Timers::schedule(env::TimePoint when, std::move_only_function<void()> ring) {
  MutexLock lock(state_->mutex);
  const Id id = ++state_->last_id;
  if (when == env::TimePoint::max()) return id;
  state_->due.emplace(State::Key{when, id}, std::move(ring));
  state_->by_id.emplace(id, when);
  if (state_->due.begin()->first.id == id) state_->rearm();
  return id;
}

bool Timers::cancel(Id id) {
  State::Ring dropped;  // destroyed after the lock is given back: it may own anything
  MutexLock lock(state_->mutex);
  const auto entry = state_->by_id.find(id);
  if (entry == state_->by_id.end()) return false;
  const auto timer = state_->due.find(State::Key{entry->second, id});
  dropped = std::move(timer->second);
  state_->due.erase(timer);
  state_->by_id.erase(entry);
  return true;
}

std::size_t Timers::pending() const {
  MutexLock lock(state_->mutex);
  return state_->due.size();
}

}  // namespace seekfs::async
