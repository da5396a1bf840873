// The queue of alarms and its thread.
#include "env/alarm_queue.h"

namespace seekfs::env {
namespace {

class QueuedAlarm final : public Alarm {
 public:
  QueuedAlarm(std::shared_ptr<AlarmQueue> queue, std::function<void()> ring)
      : queue_(std::move(queue)), entry_(std::make_shared<AlarmQueue::Entry>(std::move(ring), std::nullopt)) {}
  ~QueuedAlarm() override { queue_->forget(entry_); }
  void set(TimePoint when) override { queue_->set(entry_, when); }

 private:
  std::shared_ptr<AlarmQueue> queue_;
  std::shared_ptr<AlarmQueue::Entry> entry_;
};

}  // namespace

AlarmQueue::AlarmQueue(std::optional<TimePoint> manual_start)
    : manual_(manual_start.has_value()), manual_now_(manual_start.value_or(TimePoint::min())) {}
AlarmQueue::~AlarmQueue() = default;

TimePoint AlarmQueue::current() const { return manual_ ? manual_now_ : std::chrono::steady_clock::now(); }

TimePoint AlarmQueue::now() const {
  if (!manual_) return std::chrono::steady_clock::now();  // asked for by every request: no lock
  MutexLock lock(mutex_);
  return current();
}

std::unique_ptr<Alarm> AlarmQueue::make_alarm(std::function<void()> ring) {
  return std::make_unique<QueuedAlarm>(shared_from_this(), std::move(ring));
}

bool AlarmQueue::due() const { return !queue_.empty() && queue_.begin()->first.first <= current(); }

void AlarmQueue::set(const std::shared_ptr<Entry>& entry, TimePoint when) {
  MutexLock lock(mutex_);
  if (stopped_) return;
  if (entry->place) queue_.erase(*entry->place);
  entry->place.emplace(when, next_number_++);
  queue_.emplace(*entry->place, entry);
  // Manual time needs the thread only for what is due already; the rest rings inside advance().
  const bool needs_thread = !manual_ || (!busy_ && due());
  if (needs_thread && !thread_.joinable()) {
    thread_ = std::thread([this] { run(); });
  }
  if (when < wakes_at_) changed_.notify_all();
}

void AlarmQueue::forget(const std::shared_ptr<Entry>& entry) {
  MutexLock lock(mutex_);
  if (entry->place) queue_.erase(*entry->place);
  entry->place.reset();
  while (ringing_ == entry.get() && ringer_ != std::this_thread::get_id()) changed_.wait(mutex_);
}

void AlarmQueue::ring_first() {
  const std::shared_ptr<Entry> entry = queue_.begin()->second;
  queue_.erase(queue_.begin());
  entry->place.reset();
  ringing_ = entry.get();
  ringer_ = std::this_thread::get_id();
  mutex_.unlock();
  entry->ring();
  mutex_.lock();
  ringing_ = nullptr;
  changed_.notify_all();
}

void AlarmQueue::advance(Duration by) {
  MutexLock lock(mutex_);
  while (busy_) changed_.wait(mutex_);
  busy_ = true;
  const TimePoint target = manual_now_ + by;
  while (!stopped_ && !queue_.empty() && queue_.begin()->first.first <= target) {
    manual_now_ = std::max(manual_now_, queue_.begin()->first.first);
    ring_first();
  }
  manual_now_ = target;
  busy_ = false;
  changed_.notify_all();
}

void AlarmQueue::sleep() {
  if (busy_ || queue_.empty() || manual_) {
    wakes_at_ = TimePoint::max();
    changed_.wait(mutex_);
  } else {
    wakes_at_ = queue_.begin()->first.first;
    changed_.wait_until(mutex_, wakes_at_);
  }
  wakes_at_ = TimePoint::min();
}

void AlarmQueue::run() {
  MutexLock lock(mutex_);
  while (!stopped_) {
    if (busy_ || !due()) {
      sleep();
      continue;
    }
    busy_ = true;
    ring_first();
    busy_ = false;
    changed_.notify_all();
  }
}

void AlarmQueue::stop() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    queue_.clear();
    changed_.notify_all();
    thread.swap(thread_);
  }
  if (thread.joinable()) thread.join();
}

}  // namespace seekfs::env
